"""Make a relief picture of a road: a GPX file and elevation files in, a PNG out.

python examples/picture_from_gpx.py ROAD.gpx PICTURE.png DEM...
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tracker3d.render.job import render_still
from tracker3d.render.picture import Picture
from tracker3d.replay import open_replay
from tracker3d.scene import build_scene, parse_camera
from tracker3d.stage import prepare


def make_picture(gpx: Path, output: Path, dem: list[Path], size_px: tuple[int, int] = (1920, 1080)) -> None:
    with tempfile.TemporaryDirectory() as folder:
        package = Path(folder) / "road.stage"
        prepare(gpx, output=package, dem_paths=dem)
        replay = open_replay(package, None)
        scene = build_scene(replay.package.stage, replay.package.ground)
        picture = Picture(camera=parse_camera("overview"), size_px=size_px)
        render_still(scene, replay.race, output, time_ms=0, picture=picture)


if __name__ == "__main__":
    if len(sys.argv) < 4:
        sys.exit(__doc__)
    make_picture(Path(sys.argv[1]), Path(sys.argv[2]), [Path(name) for name in sys.argv[3:]])
