"""Recorders that are killed while they write: ``recorder_victims.py FOLDER COUNT``.

Prints, for each, when it began and when it was killed, in seconds of the monotonic clock.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from pathlib import Path

from tracker3d.feed.message import Message
from tracker3d.feed.recorder import Recorder

AT_ONCE = 25
LONGEST_LIFE_S = 1.6
BETWEEN_S = 0.004


def live(folder: Path) -> None:
    recorder, number = Recorder(folder, segment_bytes=100_000), 0
    while True:
        recorder.write(Message(0, b"%d:%.6f:" % (number, time.monotonic()) + bytes(2_000)))
        number += 1
        time.sleep(BETWEEN_S)


def main(folder: Path, count: int) -> None:
    chance, moments = random.Random(4), {}
    for first in range(0, count, AT_ONCE):
        begun_s, victims = time.monotonic(), []
        for index in range(first, min(first + AT_ONCE, count)):
            process = os.fork()
            if process == 0:
                live(folder / str(index))
            victims.append((begun_s + chance.uniform(0.02, LONGEST_LIFE_S), process, str(index)))
        for due_s, process, name in sorted(victims):
            time.sleep(max(due_s - time.monotonic(), 0.0))
            killed_s = time.monotonic()
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
            moments[name] = (begun_s, killed_s)
    print(json.dumps(moments))


main(Path(sys.argv[1]), int(sys.argv[2]))
