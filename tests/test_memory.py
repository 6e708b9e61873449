"""Memory that is free goes back to the system, as it does not on its own."""

from __future__ import annotations

import subprocess
import sys

import pytest

SCRIPT = """
import os, sys
from pathlib import Path
import numpy as np
from tracker3d import memory

def resident_mb():
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6

def block(kilobytes):
    return np.ones(kilobytes * 1024, np.uint8)

tidy = sys.argv[1] == "tidy"
if tidy:
    memory.keep_flat()
learnt = block(30_000)
del learnt  # from here on glibc left alone keeps all that is smaller
before_mb = resident_mb()
large, small = [], []
for _ in range(200):
    large.append(block(400))
    small.append(block(60))
del large[:-1], small[:-1:2], small[:-1:3]
if tidy:
    memory.give_back()
print(resident_mb() - before_mb)
"""


def grown_mb(how: str) -> float:
    done = subprocess.run([sys.executable, "-c", SCRIPT, how], capture_output=True, text=True, check=True)
    return float(done.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have other ways")
def test_what_is_freed_between_blocks_that_stay_goes_back() -> None:
    left_alone, tidied = grown_mb("not"), grown_mb("tidy")
    assert tidied < 12.0
    assert left_alone > tidied + 40.0
