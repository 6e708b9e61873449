from __future__ import annotations

import csv

import numpy as np
import pyarrow.parquet as pq
import pytest

from tracker3d.errors import InputError
from tracker3d.track import put_on_road, write_tracks

COLUMNS = [
    *("time_utc", "bib", "distance_m", "lateral_m", "lon", "lat"),
    *("x_m", "y_m", "z_drawn_m", "height_m", "speed_mps", "confidence", "rejected_as"),
]


@pytest.fixture(scope="module")
def written(roads, make_ride):
    stage = roads["out_and_back"]
    return stage, put_on_road(make_ride(stage, riders=3).fixes, stage)


def test_parquet_and_csv_say_the_same(written, tmp_path):
    stage, tracks = written
    write_tracks(tracks, stage, tmp_path / "t.parquet")
    write_tracks(tracks, stage, tmp_path / "t.csv")
    table = pq.read_table(tmp_path / "t.parquet")
    assert table.column_names == COLUMNS
    assert str(table.schema.field("time_utc").type) == "timestamp[ms, tz=UTC]"
    with (tmp_path / "t.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert list(rows[0]) == COLUMNS
    assert len(rows) == len(tracks) == table.num_rows
    moments = table["time_utc"].to_pylist()
    for index in (0, len(rows) // 2, len(rows) - 1):
        stamp = moments[index].strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
        assert rows[index]["time_utc"] == stamp
        assert int(rows[index]["bib"]) == tracks.bibs[tracks.rider[index]]
        for name in ("distance_m", "lateral_m", "lon", "lat", "x_m", "speed_mps"):
            assert float(rows[index][name]) == pytest.approx(table[name][index].as_py(), abs=1e-9)
    confidence, reasons = table["confidence"].to_pylist(), table["rejected_as"].to_pylist()
    assert set(confidence) <= {"high", "low", "rejected"}
    assert [bool(reason) for reason in reasons] == [word == "rejected" for word in confidence]
    assert set(reasons) <= {"", "off road", "teleport", "backwards", "second tracker"}
    assert any(reasons)


def test_positions_lie_on_the_road(written, tmp_path):
    stage, tracks = written
    write_tracks(tracks, stage, tmp_path / "t.parquet")
    table = pq.read_table(tmp_path / "t.parquet")
    x, y = stage.route.position(tracks.distance_m)
    assert np.asarray(table["x_m"]) == pytest.approx(x, abs=0.001)
    assert np.asarray(table["y_m"]) == pytest.approx(y, abs=0.001)


def test_another_ending_is_refused_and_nothing_is_left(written, tmp_path):
    stage, tracks = written
    with pytest.raises(InputError, match=r"t\.xlsx.*\.parquet or \.csv"):
        write_tracks(tracks, stage, tmp_path / "t.xlsx")
    assert list(tmp_path.iterdir()) == []
