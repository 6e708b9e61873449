"""A server on this machine that publishes synthetic tiles, and misbehaves when told to."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import io
import re
import socket
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image
from rasterio.io import MemoryFile
from rasterio.transform import Affine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PAGE = b"<!DOCTYPE html><html><body>Please log in to the hotel's network.</body></html>"


@dataclass
class TileServer:
    """Files by path; ``faults[path]`` are done one after the other, one to a request, before it is served."""

    address: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    faults: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    requests: list[tuple[str, str, int]] = field(default_factory=list)
    make: Callable[[str], bytes | None] = lambda path: None
    ranges: bool = True
    most_at_once: int = 0
    now: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)
    held: threading.Event = field(default_factory=threading.Event)
    release: threading.Event = field(default_factory=threading.Event)

    def content(self, path: str) -> bytes | None:
        with self.lock:
            if path not in self.files:
                made = self.make(path)
                if made is None:
                    return None
                self.files[path] = made
            return self.files[path]

    def wait_for_part(self, cache: Path, size: int, *, name: str = "") -> None:
        """Wait until a held request has left a part of some size (and of this name) in the cache."""
        assert self.held.wait(60)
        until_s = time.monotonic() + 30
        while not any(part.stat().st_size > size for part in cache.rglob("*.part") if name in part.name):
            assert time.monotonic() < until_s
            time.sleep(0.02)

    def asked(self, part: str) -> list[tuple[str, str, int]]:
        return [request for request in self.requests if part in request[0]]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        tiles = self.server.tiles
        with tiles.lock:
            tiles.now += 1
            tiles.most_at_once = max(tiles.most_at_once, tiles.now)
        try:
            self._answer(tiles)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True
        finally:
            with tiles.lock:
                tiles.now -= 1

    def _answer(self, tiles: TileServer) -> None:
        content = tiles.content(self.path)
        fault = tiles.faults[self.path].pop(0) if tiles.faults[self.path] else ""
        kind = fault.partition(":")[0]
        if kind.isdigit():
            self._send(tiles, int(kind), b"<html>no</html>", {"Retry-After": "0"})
        elif kind == "page":
            self._send(tiles, 200, PAGE)
        elif kind == "stall":
            tiles.requests.append((self.path, "", 0))
            tiles.release.wait(20)
            self.close_connection = True
        elif kind == "drip":
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            for _ in range(200):
                self.wfile.write(b"x")
                time.sleep(0.01)
        elif kind == "redirect":
            self._send(tiles, 302, b"", {"Location": fault.partition(":")[2]})
        elif content is None:
            self._send(tiles, 404, b"<Error><Code>NoSuchKey</Code></Error>")
        else:
            self._send_file(tiles, content, kind, int(fault.partition(":")[2] or 0))

    def _send(self, tiles: TileServer, status: int, body: bytes, more: dict[str, str] | None = None) -> None:
        tiles.requests.append((self.path, self.headers.get("Range", ""), status))
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in (more or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _send_file(self, tiles: TileServer, content: bytes, fault: str, count: int) -> None:
        mark = f'"{hashlib.md5(content).hexdigest()}"'
        wanted = self.headers.get("Range", "")
        first, status = 0, 200
        if tiles.ranges and wanted and self.headers.get("If-Range") == mark:
            first, status = int(wanted.removeprefix("bytes=").rstrip("-")), 206
        tiles.requests.append((self.path, wanted, status))
        self.send_response(status)
        if status == 206:
            self.send_header("Content-Range", f"bytes {first}-{len(content) - 1}/{len(content)}")
        self.send_header("ETag", mark)
        body = content[first:]
        if fault != "unsized":
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if fault in ("truncate", "hold"):
            self.wfile.write(body[:count])
            self.wfile.flush()
            if fault == "hold":
                tiles.held.set()
                tiles.release.wait(30)
            self.close_connection = True
            with contextlib.suppress(OSError):
                self.connection.shutdown(socket.SHUT_RDWR)
            return
        self.wfile.write(body)
        self.close_connection = self.close_connection or fault == "unsized"

    def log_message(self, *args: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, tiles: TileServer) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.tiles = tiles


def hills(lon_deg: np.ndarray, lat_deg: np.ndarray) -> np.ndarray:
    """Land that cells of 90 m can follow, the same everywhere on Earth."""
    waves = np.sin(np.deg2rad(lon_deg) * 4000) * np.cos(np.deg2rad(lat_deg) * 900)
    return 900 + 200 * waves + 40 * np.sin(np.deg2rad(lat_deg + lon_deg) * 900)


@functools.cache
def degree_file(lon: int, lat: int, columns: int, *, rows: int = 1200, full: bool = False) -> bytes:
    """A cell as GLO-30 publishes it: posts on whole degrees, no eastern column, no southern row, no tag."""
    post_lon, post_lat = lon + np.arange(columns + full) / columns, lat + 1 - np.arange(rows + full) / rows
    heights = hills(post_lon[None, :], post_lat[:, None]).astype(np.float32)
    transform = Affine(1 / columns, 0, lon - 0.5 / columns, 0, -1 / rows, lat + 1 + 0.5 / rows)
    profile = {"driver": "GTiff", "count": 1, "dtype": "float32", "crs": "EPSG:4326", "transform": transform}
    shape = {"width": columns + full, "height": rows + full}
    tiling = {"tiled": True, "blockxsize": 512, "blockysize": 512}
    with MemoryFile() as memory:
        with memory.open(**profile, **shape, **tiling) as target:
            target.write(heights, 1)
        return memory.read()


def terrarium_file(zoom: int, x: int, y: int, heights: Callable[..., np.ndarray] = hills) -> bytes:
    """A tile whose colours code heights at the middles of its pixels."""
    column = (x + (np.arange(256) + 0.5) / 256) / 2**zoom
    row = (y + (np.arange(256) + 0.5) / 256) / 2**zoom
    lon, lat = column * 360 - 180, np.rad2deg(np.arctan(np.sinh(np.pi * (1 - 2 * row))))
    coded = np.round((heights(lon[None, :], lat[:, None]) + 32768) * 256).astype(np.int64)
    return _picture_file(np.stack([coded >> 16, (coded >> 8) & 255, coded & 255], axis=-1), "PNG")


def picture_file(zoom: int, x: int, y: int) -> bytes:
    """A tile of imagery in one colour, which tells where it belongs."""
    return _picture_file(np.full((256, 256, 3), (40 + x % 4 * 50, 40 + y % 4 * 50, 90)), "JPEG")


def _picture_file(rgb: np.ndarray, kind: str) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(rgb.astype(np.uint8)).save(stream, kind, quality=95)
    return stream.getvalue()


@contextlib.contextmanager
def serving() -> Iterator[TileServer]:
    """Serve on a free port of this machine."""
    tiles = TileServer()
    server = Server(tiles)
    tiles.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield tiles
    finally:
        tiles.release.set()
        server.shutdown()
        server.server_close()
        thread.join(timeout=10)


_DEGREE = re.compile(r"/glo30/Copernicus_DSM_COG_10_([NS])(\d\d)_00_([EW])(\d\d\d)_00_DEM.tif")


def publish(
    path: str,
    *,
    columns: Callable[[int], int] = lambda lat: 1200,
    land: Callable[[int, int], bool] = lambda lon, lat: True,
) -> bytes | None:
    """Make what an address of these tests stands for."""
    cell = _DEGREE.fullmatch(path)
    if cell:
        lat = int(cell[2]) * (1 if cell[1] == "N" else -1)
        lon = int(cell[4]) * (1 if cell[3] == "E" else -1)
        return degree_file(lon, lat, columns(lat)) if land(lon, lat) else None
    numbers = [
        int(number)
        for number in re.findall(
            r"\d+", path.partition("/")[2].partition("2/")[2] if "sentinel2" in path else path
        )
    ]
    if path.startswith("/terrarium/"):
        return terrarium_file(*numbers)
    if path.startswith(("/sentinel2/", "/ign")):
        return picture_file(numbers[0], numbers[2], numbers[1])
    return None
