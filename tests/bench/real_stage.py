"""The recording of a real road stage for benchmarks, where it is: it cannot be distributed."""

from __future__ import annotations

from pathlib import Path

from tracker3d.stage import prepare

_RECORDING = Path(__file__).resolve().parents[2].parent / "shared/data/feed/stage-04_2026-07-07.json.gz"


def prepared(folder: Path) -> tuple[Path, Path] | None:
    """Package of the stage, made in a folder, and its recording; None where there is none."""
    if not _RECORDING.exists():
        print(f"{_RECORDING.name} is not here: what needs a real recording is left out")
        return None
    package = folder / "real.stage"
    prepare(_RECORDING, output=package, dem_paths=[], width_km=1.0)
    return package, _RECORDING
