"""A thousand clients of one race: how late states come, whether any is lost, and what it costs.

    python tests/bench/bench_serve.py [CLIENTS] [SECONDS]

The server and the clients are one process each, as on a machine of two cores; clients take the compact form
over WebSockets, every tenth of them JSON as server-sent events. Lateness is from the moment that a state was
made to its last byte at the client, on one clock. In a second run some clients stall: the others must not
notice. Everything stays on the loopback.
"""

from __future__ import annotations

import asyncio
import base64
import json
import multiprocessing
import os
import resource
import socket
import struct
import sys
import time
from pathlib import Path

import numpy as np

from tracker3d.serve.hub import KEPT

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "export"))

INTERVAL_S = 1.0
RIDERS = 181
STALLED = 25
BATCH = 50
_SENT = struct.Struct("<q")
_SENT_AT = 24


def serve(port: int, seconds: float, results: multiprocessing.Queue) -> None:
    """Serve a race of many riders and report what the process took."""
    import small_stage

    from tracker3d.race import Race
    from tracker3d.serve import Limits, ReplaySource, StageServer

    scene = small_stage.small_scene()
    bibs = tuple(range(1, RIDERS + 1))
    motion = small_stage.small_race(scene.stage.route, bibs=bibs).motion
    source = ReplaySource(Race(scene.stage, motion), speed=1.0)
    limits = Limits(clients=4000, burst=10_000, stalled_s=5.0, buffer_bytes=16_384)
    server = StageServer(scene, source, live=False, interval_s=INTERVAL_S, limits=limits)
    sizes_kb: list[float] = []
    used_s: list[float] = []

    async def main() -> None:
        async def watch() -> None:
            for _ in range(int(seconds)):
                sizes_kb.append(_resident_kb())
                used_s.append(time.process_time())
                await asyncio.sleep(1.0)
            results.put((sizes_kb, used_s, server.health))
            server.stop()

        watching = asyncio.create_task(watch())
        await server.run("127.0.0.1", port)
        await watching

    asyncio.run(main())


def _resident_kb() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1024


class Client(asyncio.Protocol):
    """Reads a stream just far enough to see each state's number and time."""

    def __init__(self, log: list[tuple[float, int, int]], number: int, *, events: bool) -> None:
        self._log, self._number, self._events = log, number, events
        self._data = bytearray()
        self._head = False
        self._transport: asyncio.Transport | None = None
        self.lost = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        key = base64.b64encode(os.urandom(16)).decode()
        upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        upgrade += f"Sec-WebSocket-Key: {key}\r\n"
        path = "/events" if self._events else "/stream?form=binary"
        head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{'' if self._events else upgrade}\r\n"
        self._transport = transport  # type: ignore[assignment]
        self._transport.write(head.encode())  # type: ignore[union-attr]

    def connection_lost(self, _: Exception | None) -> None:
        self.lost = True

    def data_received(self, data: bytes) -> None:
        self._data += data
        if not self._head:
            end = self._data.find(b"\r\n\r\n")
            if end < 0:
                return
            self._head = True
            del self._data[: end + 4]
        while self._take_event() if self._events else self._take_frame():
            pass

    def _take_frame(self) -> bool:
        data = self._data
        if len(data) < 4:
            return False
        length, begin = data[1] & 127, 2
        if length == 126:
            length, begin = int.from_bytes(data[2:4], "big"), 4
        if len(data) < begin + length:
            return False
        if data[0] & 15 == 2:
            (sent_ms,) = _SENT.unpack_from(data, begin + _SENT_AT)
            self._note(sent_ms, int.from_bytes(data[begin + 12 : begin + 16], "little"))
        elif data[0] & 15 == 9:
            # a ping, to be answered with the same, masked with zeros
            pong = b"\x8a" + bytes([128 | length]) + bytes(4) + bytes(data[begin : begin + length])
            self._transport.write(pong)  # type: ignore[union-attr]
        del data[: begin + length]
        return True

    def _take_event(self) -> bool:
        end = self._data.find(b"\n\n")
        if end < 0:
            return False
        event = bytes(self._data[:end])
        del self._data[: end + 2]
        if b'"sent":' in event:
            sent = event.index(b'"sent":') + 7
            seq = event.index(b"id: ") + 13
            self._note(int(event[sent : event.index(b",", sent)]), int(event[seq : event.index(b"\n", seq)]))
        return True

    def _note(self, sent_ms: int, seq: int) -> None:
        self._log.append((time.time() * 1000 - sent_ms, self._number, seq))


async def listen(port: int, clients: int, seconds: float, stalled: int) -> dict[str, float]:
    loop = asyncio.get_running_loop()
    log: list[tuple[float, int, int]] = []
    made: list[Client] = []
    quiet = [_stalled(port) for _ in range(stalled)]
    for first in range(0, clients, BATCH):
        pairs = await asyncio.gather(
            *(
                loop.create_connection(lambda n=n: Client(log, n, events=n % 10 == 9), "127.0.0.1", port)
                for n in range(first, min(first + BATCH, clients))
            )
        )
        made += [client for _, client in pairs]
    # memory is flat only when the hub keeps as many states as it ever will
    await asyncio.sleep((KEPT + 5) * INTERVAL_S)
    log.clear()
    await asyncio.sleep(seconds)
    entries = np.array(log)
    missing = 0
    for number in range(clients):
        seqs = entries[entries[:, 1] == number, 2]
        missing += int(seqs.max() - seqs.min() + 1 - len(seqs)) if len(seqs) else round(seconds)
    for one in quiet:
        one.close()
    late_ms = entries[:, 0]
    return {
        "states": len(entries),
        "p50_ms": float(np.percentile(late_ms, 50)),
        "p99_ms": float(np.percentile(late_ms, 99)),
        "max_ms": float(late_ms.max()),
        "missing": missing,
        "lost": sum(client.lost for client in made),
    }


def _stalled(port: int) -> socket.socket:
    quiet = socket.socket()
    quiet.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    quiet.connect(("127.0.0.1", port))
    quiet.sendall(b"GET /events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    return quiet


def run(clients: int, seconds: float, stalled: int) -> None:
    """One server, all clients; prints the figures."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    results: multiprocessing.Queue = multiprocessing.Queue()
    setup_s = 8.0 + clients / 400 + KEPT * INTERVAL_S
    server = multiprocessing.Process(target=serve, args=(port, seconds + setup_s + 6.0, results))
    server.start()
    try:
        _await_port(port)
        figures = asyncio.run(listen(port, clients, seconds, stalled))
        sizes_kb, used_s, health = results.get(timeout=60)
    finally:
        server.join(20)
        if server.is_alive():
            server.kill()
    last = slice(-int(seconds) - 4, -4)
    steady = np.array(sizes_kb[last])
    third = max(len(steady) // 3, 1)
    grown_kb = float(np.median(steady[-third:]) - np.median(steady[:third]))
    busy = float(np.diff(used_s[last]).mean())
    late = ", ".join(f"{name[:-3]} {figures[name]:.0f}" for name in ("p50_ms", "p99_ms", "max_ms"))
    print(
        f"{clients} clients, {stalled} stalled: {figures['states']:,} states, late {late} ms; "
        f"{figures['missing']} missing, {figures['lost']} connections lost, {health['cut']} cut; "
        f"server {busy:.0%} of a core, {steady.mean() / 1024:.0f} MB, grew by {grown_kb / 1024:.2f} MB"
    )
    print(json.dumps(health))


def _await_port(port: int) -> None:
    end_s = time.monotonic() + 60
    while time.monotonic() < end_s:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    sys.exit("the server did not start")


def main() -> None:
    clients = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    seconds = float(sys.argv[2]) if len(sys.argv) > 2 else 30.0
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 2 * clients + 500), most))
    multiprocessing.set_start_method("spawn")
    run(clients, seconds, 0)
    run(clients, seconds, STALLED)


if __name__ == "__main__":
    main()
