"""Readers on odd grids: heights are the file's own or missing, and never a mixture with voids."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
from dem_files import coded, posts, write_raster
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pyproj import Transformer

from terrain import ElevationFileError, LocalFrame, describe, sample_heights
from terrain.coding import code_of, decode
from terrain.sources import GridPlan, open_sources, read_heights_on

FRAME = LocalFrame(6.0, 45.0)
SIDE = 1 / 1200
VOIDS = [-32768.0, -32767.0, -9999.0, -99999.0, -3.4e38, np.nan]
SHAPES = [(2, 2), (1, 1), (1, 7), (3, 1000), (1000, 3), (40, 31)]


@st.composite
def grids(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, float | None]:
    """Heights with voids, where they are, and the tag that the file has for them: right, wrong or none."""
    rows, columns = draw(st.sampled_from(SHAPES))
    seed = draw(st.integers(0, 2**32 - 1))
    rng = np.random.default_rng(seed)
    heights = rng.uniform(-400, 4800, (rows, columns)).astype(np.float32)
    share = draw(st.sampled_from([0.0, 0.05, 0.5, 1.0]))
    void = rng.random((rows, columns)) < share
    marker = draw(st.sampled_from(VOIDS))
    heights[void] = marker
    tag = draw(st.sampled_from([marker, -32678.0, None]))
    return heights, void, tag


@settings(deadline=None, max_examples=60)
@given(grids())
def test_heights_are_the_files_own_or_missing(grid: tuple[np.ndarray, np.ndarray, float | None]) -> None:
    heights, void, tag = grid
    rows, columns = heights.shape
    with tempfile.TemporaryDirectory() as folder:
        path = write_raster(Path(folder) / "odd.tif", heights, posts(6.0, 45.0), nodata=tag)
        found = describe(path)
        assert found.void_share == pytest.approx(void.mean())
        assert found.lines()
        lon, lat = np.meshgrid(6.0 + np.arange(columns) * SIDE, 45.0 - np.arange(rows) * SIDE)
        at_posts = sample_heights([path], lon, lat)
        assert np.isnan(at_posts[void]).all()
        alone = ~void
        if not void.any():
            np.testing.assert_allclose(at_posts, heights, atol=0.05)
        elif alone.any():
            known = ~np.isnan(at_posts)
            np.testing.assert_allclose(at_posts[known], heights[known], atol=0.05)
        x, y = FRAME.to_local(lon.ravel(), lat.ravel())
        plan = GridPlan(x.min(), y.min(), 45.0, int(np.ptp(y) / 45) + 1, int(np.ptp(x) / 45) + 1)
        read = read_heights_on(plan, open_sources([path]), frame=FRAME)
    if void.all():
        assert np.isnan(read).all()
        return
    low, high = heights[~void].min(), heights[~void].max()
    reach = 0.25 * (high - low) + 1  # cubic surfaces swing beyond their posts
    known = read[~np.isnan(read)]
    assert ((known >= low - reach) & (known <= high + reach)).all(), "a void was mixed into its neighbour"


@settings(deadline=None, max_examples=80)
@given(
    arrays(np.float64, st.sampled_from([(2, 2), (3, 50), (64, 64)]), elements=st.floats(-450, 8848)),
    st.sampled_from(["Terrarium", "Mapbox"]),
    st.integers(0, 2**32 - 1),
)
def test_codes_of_land_are_never_confused(rough: np.ndarray, code: str, seed: int) -> None:
    level = rough.mean()
    heights = np.clip(
        level + (rough - level) * 0.02 + np.random.default_rng(seed).normal(0, 1, rough.shape), -450, 8848
    )
    rgb = coded(heights, code)
    assert code_of(rgb) == code
    np.testing.assert_allclose(decode(code, rgb), heights, atol=0.06)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32 - 1), st.sampled_from(["noise", "photo", "flat"]))
def test_pictures_are_no_heights(seed: int, kind: str) -> None:
    rng = np.random.default_rng(seed)
    if kind == "noise":
        rgb = rng.integers(0, 256, (3, 64, 64))
    elif kind == "photo":
        rgb = np.clip(
            rng.normal(120, 20, (3, 8, 8)).repeat(8, 1).repeat(8, 2) + rng.normal(0, 6, (3, 64, 64)), 0, 255
        )
    else:
        rgb = np.full((3, 64, 64), 230)
    assert code_of(rgb.astype(np.uint8)) is None


@settings(deadline=None, max_examples=30)
@given(
    st.binary(max_size=3000),
    st.sampled_from(["a.tif", "N45E006.hgt", "a.asc", "a.vrt", "a.zip", "a.tgz", "a.png"]),
)
def test_any_bytes_are_a_file_or_a_sentence(content: bytes, name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        with pytest.raises(ElevationFileError) as caught:
            describe(path)
        assert name in str(caught.value)
        assert "\n" not in str(caught.value)
        assert [entry.name for entry in Path(folder).iterdir()] == [name]


def test_places_agree_with_proj_for_many_systems() -> None:
    lon, lat = 6.01, 45.02
    for code in (2154, 32632, 3857, 2056, 25831):
        x, y = Transformer.from_crs(4326, code, always_xy=True).transform(lon, lat)
        with tempfile.TemporaryDirectory() as folder:
            from rasterio.transform import Affine

            transform = Affine(20, 0, x - 410, 0, -20, y + 410)
            heights = np.zeros((41, 41), np.float32)
            heights[20, 20] = 100
            path = write_raster(Path(folder) / "a.tif", heights, transform, crs=f"EPSG:{code}")
            assert sample_heights([path], lon, lat) == pytest.approx(100, abs=1.0)
            assert describe(path).cell_m == pytest.approx(20 * (0.7075 if code == 3857 else 1), rel=0.01)
