from __future__ import annotations

import numpy as np
import pytest

from tracker3d.track.projecting import Projection


@pytest.fixture
def stage(make_stage):
    return make_stage(np.array([-40_000.0, 60_000.0]), np.array([-20_000.0, 90_000.0]))


def test_near_the_road_it_is_the_frame_s_projection(stage):
    random = np.random.default_rng(3)
    x_m, y_m = random.uniform(-60_000.0, 60_000.0, 500), random.uniform(-25_000.0, 95_000.0, 500)
    lon_deg, lat_deg = stage.frame.to_wgs84(x_m, y_m)
    there_m = np.array(Projection(stage).to_local(lon_deg, lat_deg))
    assert there_m == pytest.approx(np.array([x_m, y_m]), abs=1e-5)


def test_far_from_the_road_as_well(stage):
    lon_deg, lat_deg = np.array([6.0, 2.2014, -70.0, 6.1]), np.array([45.1, 41.4197, -33.0, 45.2])
    there_m = np.array(Projection(stage).to_local(lon_deg, lat_deg))
    assert there_m == pytest.approx(np.array(stage.frame.to_local(lon_deg, lat_deg)), abs=1e-5)


def test_no_position_gives_no_place(stage):
    lon_deg, lat_deg = np.array([np.nan, 6.0]), np.array([45.0, np.nan])
    assert not np.isfinite(np.array(Projection(stage).to_local(lon_deg, lat_deg))).any()


def test_none_at_all(stage):
    assert [len(axis) for axis in Projection(stage).to_local(np.zeros(0), np.zeros(0))] == [0, 0]
