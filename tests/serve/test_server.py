"""The server as clients meet it: streams, files, limits, and who is let in."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import socket
import time

import httpx
import pytest
from gltf_reader import GltfFile
from serving import states, wait_until
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tracker3d.errors import InputError, MachineError
from tracker3d.serve import Limits, decode_binary
from tracker3d.serve.server import shown_address


def test_a_client_follows_the_race(served, small):
    with served.listen() as stream:
        seen = states(stream, 4)
    assert [state["id"].rpartition("-")[2] for state in seen] == [
        str(int(seen[0]["id"].rpartition("-")[2]) + step) for step in range(4)
    ]
    steps_ms = [later["t"] - earlier["t"] for earlier, later in itertools.pairwise(seen)]
    assert all(step > 0 for step in steps_ms)
    state = small.race.at(seen[-1]["t"])
    assert seen[-1]["to_go_m"] == pytest.approx(state.to_go_m, abs=0.06)


def test_the_compact_form_is_asked_for(served):
    with served.listen("?form=binary") as stream:
        message = stream.recv(timeout=10)
    assert isinstance(message, bytes)
    assert decode_binary(message)["p"].keys() == {"-1", "1", "2", "11", "77"}


def test_a_drop_is_caught_up(served):
    with served.listen() as stream:
        last = states(stream, 2)[-1]
    wait_until(lambda: served.server.hub.newest.seq > int(last["id"].rpartition("-")[2]) + 5)
    with served.listen(f"?since={last['id']}") as stream:
        after = states(stream, 6)
    first = int(last["id"].rpartition("-")[2]) + 1
    assert [int(state["id"].rpartition("-")[2]) for state in after] == list(range(first, first + 6))


def events(served, count, **headers):
    found = []
    with httpx.stream("GET", f"{served.url}events", headers=headers, timeout=10) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = answer.iter_lines()
        while len(found) < count:
            line = next(lines)
            if line.startswith("id: "):
                mark = line[4:]
            elif line.startswith("data: "):
                found.append((mark, json.loads(line[6:])))
    return found


def test_events_say_the_same_and_resume(served):
    first = events(served, 2)
    assert all(mark == state["id"] for mark, state in first)
    again = events(served, 2, **{"Last-Event-ID": first[0][0]})
    assert again[0] == first[1]


def test_a_stalled_client_harms_nobody_and_is_cut(small):
    limits = Limits(stalled_s=1.0, buffer_bytes=4096)
    with small.serve(interval_s=0.02, limits=limits) as served, contextlib.ExitStack() as stack:
        stalled = [stack.enter_context(served.stalled()) for _ in range(3)]
        with served.listen() as stream:
            numbers = []
            while served.server.health["cut"] < len(stalled):
                numbers.append(int(states(stream, 1)[0]["id"].rpartition("-")[2]))
                assert len(numbers) < 1000, "nobody was cut"
            assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
            wait_until(lambda: served.server.health["clients"] == 1)


def test_the_stage_is_a_model_with_a_node_for_everybody(served, small):
    file = GltfFile(served.get("stage.glb").content)
    names = {node["name"] for node in file.json["nodes"]}
    assert {"stage", "terrain", "route", "rider_1", "rider_2", "rider_11", "vehicle_1"} <= names
    assert not file.json.get("animations")
    manifest = served.get("manifest.json").json()
    assert {rider["node"] for rider in manifest["riders"]} <= names
    assert manifest["credits"] == list(small.scene.stage.credits)
    assert manifest["simulated"] is True


def test_the_model_for_phones_shows_the_riders_where_they_are(served):
    with served.listen() as stream:
        before = states(stream, 1)[0]
        file = GltfFile(served.get("race.glb").content)
        after = states(stream, 12)[-1]
    nodes = {node["name"]: node for node in file.json["nodes"]}
    root = nodes["stage"]
    assert root["scale"][0] == pytest.approx(1 / 4400, rel=0.05), "a metre on the table"
    east = nodes["rider_2"]["translation"][0]
    assert before["p"]["2"][0] - 0.01 <= east <= after["p"]["2"][0] + 0.01
    shown = {file.json["nodes"][index]["name"] for index in root["children"]}
    assert "rider_1" in shown


def test_iphones_get_the_same_as_usdz(served, tmp_path):
    usd = pytest.importorskip("pxr.Usd")
    assert "race.usdz" in served.get("manifest.json").json()["files"]
    first = served.get("race.usdz")
    assert first.headers["content-type"] == "model/vnd.usdz+zip"
    (tmp_path / "race.usdz").write_bytes(first.content)
    stage = usd.Stage.Open(str(tmp_path / "race.usdz"))
    names = {prim.GetName() for prim in stage.Traverse()}
    assert {"rider_1", "rider_2", "rider_11", "terrain"} <= names
    assert served.get("race.usdz").content == first.content, "it is made anew once a minute"


def test_the_road_and_the_heights_are_those_of_the_stage(served, small):
    import numpy as np

    road = np.frombuffer(served.get("road.bin").content, "<f4").reshape(-1, 7)
    route = small.scene.stage.route
    x_m, y_m = route.position(road[:, 0].astype(float))
    np.testing.assert_allclose(road[:, 1], x_m, atol=0.02)
    np.testing.assert_allclose(road[:, 3], -y_m, atol=0.02)
    np.testing.assert_allclose(road[:, 2], route.z_drawn(road[:, 0].astype(float)), atol=0.02)
    data = served.get("relief.bin").content
    rows, columns = np.frombuffer(data, "<i4", 2)
    heights = np.frombuffer(data, "<f4", offset=20).reshape(rows, columns)
    np.testing.assert_allclose(heights, small.scene.ground.relief.heights_m, atol=0.01)


@pytest.mark.parametrize(
    "path", ["../pyproject.toml", "%2e%2e/pyproject.toml", "built/../server.py", "//etc/passwd"]
)
def test_no_path_leads_out(served, path):
    with socket.create_connection(("127.0.0.1", served.port)) as raw:
        raw.sendall(f"GET /{path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: raw.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 404")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_nothing_can_be_changed(served, method):
    assert httpx.request(method, f"{served.url}state.json").status_code == 405


def test_every_answer_tells_browsers_what_is_allowed(served):
    for path in ("", "manifest.json", "nothing", "stage.glb"):
        headers = served.get(path).headers
        policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
        assert policy["default-src"] == "'none'"
        assert "unsafe-inline" not in policy["script-src"]
        assert "unsafe-inline" not in policy["style-src"]
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "server" not in headers


def test_files_are_packed_and_not_sent_twice(served):
    first = served.get("stage.glb")
    assert first.headers["content-encoding"] == "gzip"
    plain = served.get("stage.glb", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.content == first.content
    again = served.get("stage.glb", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_pages_of_other_servers_are_not_let_in(served):
    assert served.get("state.json", headers={"Origin": "https://elsewhere.example"}).status_code == 403
    assert served.get("state.json", headers={"Host": "elsewhere.example"}).status_code == 421
    own = {"Origin": f"http://127.0.0.1:{served.port}"}
    assert served.get("state.json", headers=own).status_code in (200, 204)
    with pytest.raises(InvalidStatus), served.listen(origin="https://elsewhere.example"):
        pass


def test_with_a_token_nobody_gets_in_without_it(small):
    with small.serve(token="sesame-42", interval_s=0.1) as served:
        for path in ("", "state.json", "stage.glb", "wrong/state.json", "sesame-42"):
            assert served.get(path).status_code == 403
        with pytest.raises(InvalidStatus), served.listen():
            pass
        inside = type(served)(served.server, served.port, "sesame-42/")
        assert inside.get("manifest.json").status_code == 200
        assert served.get("manifest.json", headers={"Authorization": "Bearer sesame-42"}).status_code == 200
        with inside.listen() as stream:
            assert states(stream, 1)[0]["p"]


def test_too_many_connections_and_requests_are_refused(small):
    with small.serve(interval_s=0.1, limits=Limits(clients=3, burst=8, requests_per_s=0.001)) as served:
        with contextlib.ExitStack() as stack:
            for _ in range(3):
                stack.enter_context(served.listen())
            with pytest.raises(httpx.TransportError):
                served.get("health")
        wait_until(lambda: served.server.health["clients"] == 0)
        codes = [served.get("health").status_code for _ in range(8)]
        assert codes[0] == 200
        assert codes[-1] == 429


def test_who_asks_nothing_or_talks_too_much_is_shown_out(small):
    limits = Limits(head_s=0.3, messages_per_minute=5)
    with small.serve(interval_s=0.1, limits=limits) as served:
        quiet = socket.create_connection(("127.0.0.1", served.port), timeout=5)
        with quiet, contextlib.suppress(ConnectionResetError):
            assert quiet.recv(100) == b""
        with served.listen() as stream:
            time.sleep(0.5)
            assert states(stream, 1), "one who asked stays"
            for _ in range(6):
                stream.send("hello")
            with pytest.raises(ConnectionClosed):
                states(stream, 100)
        with served.listen() as stream:
            stream.send("x" * 2000)
            with pytest.raises(ConnectionClosed):
                states(stream, 100)


def test_a_state_that_cannot_be_made_costs_only_itself(small):
    with small.serve(interval_s=0.05) as served:
        source, moment = served.server._source, served.server._source.moment
        failures = iter((True, True, True))

        def fails(wall_s):
            if next(failures, False):
                raise RuntimeError("no state today")
            return moment(wall_s)

        with served.listen() as stream:
            states(stream, 1)
            source.moment = fails
            wait_until(lambda: served.server.health["faults"] == 3)
            assert states(stream, 3)


def test_a_port_in_use_is_said(served, small):
    from tracker3d.serve import ReplaySource, StageServer

    other = StageServer(small.scene, ReplaySource(small.race), live=False)
    with pytest.raises(MachineError, match=r"choose another with --port"):
        asyncio.run(other.run("127.0.0.1", served.port))


def test_a_broker_must_be_one(small):
    for address in ("http://127.0.0.1/x", "mqtt://127.0.0.1/race/#"):
        with pytest.raises(InputError, match="is no place at a broker"), small.serve(broker=address):
            pass


def test_addresses_are_shown_as_people_open_them():
    assert shown_address("127.0.0.1", 8750) == "http://127.0.0.1:8750/"
    assert shown_address("::1", 8750) == "http://[::1]:8750/"
    assert shown_address("192.0.2.7", 80, "key") == "http://192.0.2.7:80/key/"
    assert "0.0.0.0" not in shown_address("0.0.0.0", 8750)
