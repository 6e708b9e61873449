"""A server on this machine in place of the public ones."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import tile_server as server_of_tiles

from terrain.fetching import FetchSettings

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def tile_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[server_of_tiles.TileServer]:
    """Serve on a free port of this machine."""
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY", "https_proxy", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with server_of_tiles.serving() as tiles:
        yield tiles


@pytest.fixture
def settings(tile_server: server_of_tiles.TileServer, tmp_path: Path) -> FetchSettings:
    """Everything comes from the server of this test, and failures take no time."""
    base = tile_server.address
    return FetchSettings(
        cache=tmp_path / "cache",
        addresses={
            "glo30": f"{base}/glo30/{{name}}.tif",
            "terrarium": f"{base}/terrarium/{{z}}/{{x}}/{{y}}.png",
            "sentinel2": f"{base}/sentinel2/{{z}}/{{y}}/{{x}}.jpg",
            "ign": f"{base}/ign?z={{z}}&row={{y}}&column={{x}}",
        },
        parallel=4,
        attempts=4,
        connect_s=2.0,
        read_s=15.0,
        first_pause_s=0.01,
        longest_pause_s=0.05,
    )
