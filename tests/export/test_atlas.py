"""The ground's picture cut into an atlas."""

from __future__ import annotations

import numpy as np
import pytest
import small_stage

from terrain import LocalFrame
from tracker3d.export.atlas import MARGIN_PX, make_atlas


@pytest.mark.parametrize("side_px", [256, 512, 2048])
def test_every_vertex_finds_its_colour(side_px):
    ground = small_stage.HillGround(LocalFrame(1.8, 42.9))
    land = tuple(tile for tile in ground.tiles(1) if tile.draped)
    meshes, picture = make_atlas(land, ground.texture, side_px=side_px)
    height, width = picture.shape[:2]
    assert max(height, width) <= side_px
    assert width & (width - 1) == 0
    assert height & (height - 1) == 0
    assert sum(len(mesh.faces) for mesh in meshes) == sum(len(tile.faces) for tile in land)
    for mesh in meshes:
        at = mesh.uv * np.array([width, height])
        assert (at >= MARGIN_PX - 0.01).all()
        assert (at <= np.array([width, height]) - MARGIN_PX + 0.01).all()
        column, row = at.astype(int).T
        red, green, blue = picture[row, column].astype(float).T
        # One pixel of the atlas, at its smallest, is some levels wide.
        slack = 2.5 + 512 / side_px * 4
        assert red == pytest.approx((mesh.vertices_m[:, 0] + 2304) / 4608 * 255, abs=slack)
        assert green == pytest.approx((mesh.vertices_m[:, 1] + 640) / 1280 * 255, abs=slack)
        assert blue == pytest.approx(np.full(len(at), 90), abs=2)


def test_pieces_do_not_overlap():
    ground = small_stage.HillGround(LocalFrame(1.8, 42.9))
    land = tuple(tile for tile in ground.tiles(1) if tile.draped)
    meshes, picture = make_atlas(land, ground.texture, side_px=1024)
    size = np.array(picture.shape[1::-1])
    owner = np.full(picture.shape[:2], -1)
    for index, mesh in enumerate(meshes):
        low = np.floor(mesh.uv.min(axis=0) * size).astype(int)
        high = np.ceil(mesh.uv.max(axis=0) * size).astype(int)
        box = owner[low[1] : high[1], low[0] : high[0]]
        assert (box == -1).all()
        box[:] = index


def test_too_many_pieces_for_a_tiny_atlas():
    ground = small_stage.HillGround(LocalFrame(1.8, 42.9))
    with pytest.raises(ValueError, match="cannot stand"):
        make_atlas(ground.tiles(1)[:2], ground.texture, side_px=32)
