"""The same states at a real MQTT broker."""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
from typing import TYPE_CHECKING

import pytest
from serving import states, wait_until

from tracker3d.feed.live import open_live
from tracker3d.serve import decode_binary

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SETTINGS = """listener {port} 127.0.0.1
allow_anonymous true
user root
"""


class Mosquitto:
    """A broker on the loopback that can go and come back."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._settings = folder / "mosquitto.conf"
        self._settings.write_text(SETTINGS.format(port=self.port))
        self.start()

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}/race/stage-4"

    def start(self) -> None:
        program = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
        if program is None:
            pytest.skip("no MQTT broker here (apt-get install mosquitto)")
        self._process = subprocess.Popen(
            [program, "-c", str(self._settings)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        wait_until(self._answers)

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(10)


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    broker = Mosquitto(tmp_path)
    yield broker
    broker.stop()


def test_the_broker_has_the_same_states_by_topic_and_may_go_and_come_back(small, mosquitto):
    heard: dict[str, list[bytes]] = {}

    def listen(seconds_of: int) -> None:
        with open_live(f"{mosquitto.url}/#") as feed:
            wait_until(lambda: feed.health.messages >= seconds_of, timeout_s=20)
            for message in feed.take():
                heard.setdefault(message.topic.removeprefix("race/stage-4/"), []).append(message.data)

    with small.serve(interval_s=0.1, speed=2.0, broker=mosquitto.url) as served:
        with served.listen() as stream:
            listen(60)
            sent = {state["id"]: state for state in states(stream, 8)}
        assert json.loads(heard["manifest"][0])["title"] == small.scene.stage.name
        both = [json.loads(data) for data in heard["state"] if json.loads(data)["id"] in sent]
        assert both
        assert all(state == sent[state["id"]] for state in both)
        assert decode_binary(heard["state/binary"][0])["p"].keys() == sent[both[0]["id"]]["p"].keys()
        rider = json.loads(heard["rider/11"][-1])
        assert rider["bib"] == 11
        assert len(rider["p"]) == 3
        mosquitto.stop()
        wait_until(lambda: "cannot be reached" in served.server.health["broker"])
        with served.listen() as stream:
            assert len(states(stream, 3)) == 3, "others go on"
        mosquitto.start()
        heard.clear()
        listen(20)
        assert served.server.health["broker"] == ""
        assert heard["state"]
