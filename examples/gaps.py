"""Print the groups on the road and their gaps at a distance to go.

python examples/gaps.py NAME.stage RECORDING 35.2
"""

from __future__ import annotations

import sys
from pathlib import Path

from tracker3d.replay import open_replay


def print_gaps(package: Path, feed: Path, km_to_go: float) -> None:
    replay = open_replay(package, feed)
    state = replay.race.at(replay.race.time_of_to_go(1000.0 * km_to_go))
    names = {rider.bib: rider.display_name for rider in replay.package.stage.riders}
    for group in state.groups:
        first = names[int(state.riders.bibs[group.riders[0]])]
        print(f"{group.role:10} {len(group.riders):4} riders  +{group.gap_to_head_s:5.0f} s  led by {first}")


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    print_gaps(Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3]))
