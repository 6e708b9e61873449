"""Recorders that are killed while they write: ``recorder_victims.py FOLDER COUNT``.

Prints, for each whose recorder stood, when that was and when the last message was handed to it, in
seconds of the monotonic clock. Each tells both through memory that outlives it.
"""

from __future__ import annotations

import json
import mmap
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


def live(folder: Path, told_s: memoryview) -> None:
    recorder, number = Recorder(folder, segment_bytes=100_000), 0
    told_s[0] = time.monotonic()
    while True:
        told_s[1] = time.monotonic()
        recorder.write(Message(0, b"%d:%.6f:" % (number, told_s[1]) + bytes(2_000)))
        number += 1
        time.sleep(BETWEEN_S)


def main(folder: Path, count: int) -> None:
    chance, moments = random.Random(4), {}
    told_s = memoryview(mmap.mmap(-1, 16 * count)).cast("d")
    for first in range(0, count, AT_ONCE):
        begun_s, victims = time.monotonic(), []
        for index in range(first, min(first + AT_ONCE, count)):
            process = os.fork()
            if process == 0:
                live(folder / str(index), told_s[2 * index : 2 * index + 2])
            victims.append((begun_s + chance.uniform(0.02, LONGEST_LIFE_S), process, index))
        for due_s, process, index in sorted(victims):
            time.sleep(max(due_s - time.monotonic(), 0.0))
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
            stood_s, handed_s = told_s[2 * index], told_s[2 * index + 1]
            if stood_s:
                moments[str(index)] = (stood_s, handed_s or stood_s)
    print(json.dumps(moments))


main(Path(sys.argv[1]), int(sys.argv[2]))
