"""Writing tracks as a table: Parquet or CSV."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from tracker3d.errors import InputError
from tracker3d.files import written_aside
from tracker3d.track.model import Verdict

if TYPE_CHECKING:
    from pathlib import Path

    from tracker3d.stage.model import Stage
    from tracker3d.track.model import Tracks


def write_tracks(tracks: Tracks, stage: Stage, path: Path) -> None:
    """Write every fix with its place on the road.

    Columns: ``time_utc`` (in CSV ISO 8601 with milliseconds and Z), ``bib`` (negative for vehicles),
    ``distance_m``, ``lateral_m`` (positive left of the direction of the race), ``lon``, ``lat`` (as
    received, degrees WGS 84), ``x_m``, ``y_m`` (on the road, local frame), ``z_drawn_m``, ``height_m`` (of
    the road there, drawn and own), ``speed_mps``, ``confidence`` (high, low or rejected; a rejected fix never
    moves its rider and stands at the nearest place on the road) and ``rejected_as`` (off road, teleport,
    backwards or second tracker; empty for accepted fixes).

    Parameters
    ----------
    tracks : Tracks
    stage : Stage
    path : Path
        Ending in ``.parquet`` or ``.csv``; replaced when it exists.

    Raises
    ------
    InputError
        Another ending.
    OutputError
        It cannot be written.
    """
    ending = path.suffix.lower()
    if ending not in {".parquet", ".csv"}:
        raise InputError(f"{path} has an ending that no table has; write to a name in .parquet or .csv.")
    table = _table(tracks, stage)
    with written_aside(path) as scratch:
        if ending == ".parquet":
            pa.parquet.write_table(table, scratch, compression="zstd")
        else:
            at = table.schema.get_field_index("time_utc")
            text = np.char.add(np.datetime_as_string(tracks.time_ms.astype("datetime64[ms]"), unit="ms"), "Z")
            options = pa.csv.WriteOptions(include_header=False, quoting_style="none")
            with scratch.open("wb") as stream:
                stream.write(",".join(table.column_names).encode() + b"\n")
                pa.csv.write_csv(table.set_column(at, "time_utc", pa.array(text)), stream, options)


def _table(tracks: Tracks, stage: Stage) -> pa.Table:
    route = stage.route
    x_m, y_m = route.position(tracks.distance_m)
    reasons = [str(verdict.name).lower().replace("_", " ") for verdict in Verdict]
    rejected_as = np.where(tracks.verdict < Verdict.OFF_ROAD, "", np.array(reasons)[tracks.verdict])
    confidence = np.array(["high", "low", "rejected"])[np.minimum(tracks.verdict, Verdict.OFF_ROAD)]
    return pa.table(
        {
            "time_utc": pa.array(tracks.time_ms.astype("datetime64[ms]"), pa.timestamp("ms", "UTC")),
            "bib": tracks.bibs[tracks.rider],
            "distance_m": np.round(tracks.distance_m, 2),
            "lateral_m": np.round(tracks.lateral_m, 2),
            "lon": tracks.lon_deg,
            "lat": tracks.lat_deg,
            "x_m": np.round(x_m, 3),
            "y_m": np.round(y_m, 3),
            "z_drawn_m": np.round(route.z_drawn(tracks.distance_m), 3),
            "height_m": np.round(route.height(tracks.distance_m), 3),
            "speed_mps": np.round(tracks.speed_mps, 3),
            "confidence": confidence,
            "rejected_as": rejected_as,
        }
    )
