"""The client against a server that fails, stalls, breaks off, and answers with other things than tiles."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import httpx
import numpy as np
import pytest
from tile_server import TileServer, degree_file, hills, picture_file, publish, terrarium_file

from terrain import sample_heights
from terrain.errors import DownloadError
from terrain.fetching import FetchSettings, Road, fetch_elevation, fetch_imagery
from terrain.fetching.catalogue import TERRARIUM
from terrain.fetching.checks import UnfitError, check_degree_file, read_picture, read_terrarium
from terrain.fetching.client import Wanted, fetch
from terrain.fetching.transfer import Listener, RefusedError, transfer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NAME = "Copernicus_DSM_COG_10_N45_00_E006_00_DEM"
CELL = f"/glo30/{NAME}.tif"
CHILD = """
import sys
from pathlib import Path
import numpy as np
from terrain.fetching import FetchSettings, Road, fetch_elevation
settings = FetchSettings(cache=Path(sys.argv[1]), addresses={"glo30": sys.argv[2]}, read_s=30)
road = Road(np.array([6.4, 6.5]), np.array([45.4, 45.5]), np.array([900.0, 900.0]))
fetch_elevation("glo30", road, half_width_m=2000, settings=settings, work=Path(sys.argv[1]))
"""


def road(*points: tuple[float, float], height_m: float = 900.0) -> Road:
    lon, lat = np.array(points).T
    return Road(lon, lat, np.full(len(lon), height_m))


INLAND = road((6.4, 45.4), (6.5, 45.5))
SHORT = road((6.40, 45.40), (6.43, 45.42))


def heights_for(where: Road, settings: FetchSettings, work: Path, key: str = "glo30", **more: object):
    return fetch_elevation(key, where, half_width_m=2000, settings=settings, work=work, **more)


@pytest.fixture
def one_cell(tile_server: TileServer) -> TileServer:
    tile_server.files[CELL] = degree_file(6, 45, 1200)
    return tile_server


def assert_right(paths: tuple[Path, ...], where: Road, tolerance_m: float = 0.5) -> None:
    lon, lat = np.linspace(*where.lon_deg[[0, -1]], 300), np.linspace(*where.lat_deg[[0, -1]], 300)
    assert np.abs(sample_heights(paths, lon, lat) - hills(lon, lat)).max() < tolerance_m


@pytest.mark.parametrize(
    "faults",
    [
        ["500"],
        ["503", "429", "500"],
        ["stall"],
        ["truncate:50000"],
        ["truncate:0", "truncate:2000000"],
        ["page"],
        ["unsized"],
    ],
)
def test_what_passes_is_tried_again(
    one_cell: TileServer, settings: FetchSettings, tmp_path: Path, faults: list[str]
) -> None:
    one_cell.faults[CELL] = list(faults)
    patience_s = 0.5 if "stall" in faults else 15.0
    fetched = heights_for(INLAND, replace(settings, read_s=patience_s), tmp_path)
    assert fetched.paths[0].read_bytes() == one_cell.files[CELL]
    assert_right(fetched.paths, INLAND)
    assert len(one_cell.requests) == len(faults) + (faults != ["unsized"])
    assert [p.name for p in (tmp_path / "cache").rglob("*.part*")] == []


@pytest.mark.parametrize(
    ("faults", "says"),
    [
        (["500"] * 4, "127.0.0.1:.* answers with error 500, so Copernicus GLO-30 .* give files"),
        (["page"] * 4, "a web page"),
        (["truncate:1000"] * 4, "breaks off"),
        (["stall"] * 4, "does not answer in time"),
        (["403"], "refuses it \\(error 403\\)"),
        (["redirect:/elsewhere"], "none of the 1 tiles"),
    ],
)
def test_what_stays_wrong_is_said_and_nothing_of_it_is_kept(
    one_cell: TileServer, settings: FetchSettings, tmp_path: Path, faults: list[str], says: str
) -> None:
    one_cell.faults[CELL] = list(faults)
    patience_s = 0.2 if "stall" in faults else 15.0
    with pytest.raises(DownloadError, match=says) as refused:
        heights_for(INLAND, replace(settings, read_s=patience_s), tmp_path, remedy="give files")
    assert str(refused.value).endswith(".")
    assert len(one_cell.asked(NAME)) <= 4
    assert not [p for p in (tmp_path / "cache").rglob("*") if p.suffix == ".tif"]
    assert_right(heights_for(INLAND, settings, tmp_path).paths, INLAND)


def test_no_network_is_said_plainly(settings: FetchSettings, tmp_path: Path) -> None:
    closed = replace(settings, addresses={"glo30": "http://127.0.0.1:9/{name}.tif"})
    with pytest.raises(DownloadError, match=r"127.0.0.1:9 could not be reached, .*; use files"):
        heights_for(INLAND, closed, tmp_path)


def test_a_tile_that_is_something_else_is_refused(
    one_cell: TileServer, settings: FetchSettings, tmp_path: Path
) -> None:
    whole = one_cell.files[CELL]
    vrt = b"<VRTDataset rasterXSize='1' rasterYSize='1'></VRTDataset>"
    for wrong in (degree_file(7, 45, 1200), whole[:3_000_000], picture_file(0, 0, 0), vrt, b"", whole[:2000]):
        one_cell.files[CELL] = wrong
        with pytest.raises(DownloadError, match="sends something else than a tile: it is"):
            heights_for(INLAND, settings, tmp_path)
    assert not list((tmp_path / "cache").rglob("*.tif"))


def test_what_is_too_large_is_not_taken(
    tile_server: TileServer, settings: FetchSettings, tmp_path: Path
) -> None:
    x, y = 2121, 1467
    tile_server.make = publish
    tile_server.files[f"/terrarium/12/{x}/{y}.png"] = bytes(2_500_000)
    with pytest.raises(DownloadError, match="offers 2 MB, too many"):
        heights_for(SHORT, settings, tmp_path, "terrarium")
    tile_server.faults[f"/terrarium/12/{x}/{y}.png"] = ["unsized"]
    with pytest.raises(DownloadError, match="more than the file can hold"):
        heights_for(SHORT, settings, tmp_path, "terrarium")


def test_the_cache_is_used_without_any_request(
    one_cell: TileServer, settings: FetchSettings, tmp_path: Path
) -> None:
    first = heights_for(INLAND, settings, tmp_path)
    count = len(one_cell.requests)
    offline = replace(settings, connect_s=0.1, attempts=1)
    one_cell.faults[CELL] = ["500"] * 9
    assert heights_for(INLAND, offline, tmp_path) == first
    assert len(one_cell.requests) == count


def test_a_damaged_file_in_the_cache_is_fetched_again(
    tile_server: TileServer, settings: FetchSettings, tmp_path: Path
) -> None:
    tile_server.make = publish
    (path,) = heights_for(INLAND, settings, tmp_path).paths
    whole = path.read_bytes()
    path.write_bytes(whole[:-100_000])
    assert heights_for(INLAND, settings, tmp_path).paths[0].read_bytes() == whole
    heights_for(SHORT, settings, tmp_path, "terrarium")
    tile = next((tmp_path / "cache").rglob("*.png"))
    good = tile.read_bytes()
    tile.write_bytes(good[:500])
    assert_right(heights_for(SHORT, settings, tmp_path, "terrarium").paths, SHORT, 2.0)
    assert tile.read_bytes() == good


def test_a_killed_download_goes_on_where_it_broke_off(
    one_cell: TileServer, settings: FetchSettings, tmp_path: Path
) -> None:
    one_cell.faults[CELL] = ["hold:3000000"]
    child = subprocess.Popen([sys.executable, "-c", CHILD, settings.cache, settings.addresses["glo30"]])
    try:
        one_cell.wait_for_part(settings.cache, 2_000_000)
    finally:
        os.kill(child.pid, signal.SIGKILL)
        child.wait(10)
    one_cell.release.set()
    (part,) = settings.cache.rglob("*.part")
    size = part.stat().st_size
    assert 2_000_000 < size <= 3_000_000
    fetched = heights_for(INLAND, settings, tmp_path)
    assert one_cell.requests[-1] == (CELL, f"bytes={size}-", 206)
    assert fetched.paths[0].read_bytes() == one_cell.files[CELL]
    assert not list(settings.cache.rglob("*.part*"))


def test_a_file_that_changed_meanwhile_starts_over(
    one_cell: TileServer, settings: FetchSettings, tmp_path: Path
) -> None:
    one_cell.faults[CELL] = ["truncate:2000000"]
    with pytest.raises(DownloadError, match="breaks off"):
        heights_for(INLAND, replace(settings, attempts=1), tmp_path)
    assert [p.stat().st_size for p in settings.cache.rglob("*.part")] == [2_000_000]
    one_cell.files[CELL] = degree_file(6, 45, 1800)
    fetched = heights_for(INLAND, settings, tmp_path)
    assert one_cell.requests[-1][1:] == ("bytes=2000000-", 200)
    assert fetched.paths[0].read_bytes() == one_cell.files[CELL]


def test_a_server_without_parts_is_asked_for_the_whole_again(
    one_cell: TileServer, settings: FetchSettings, tmp_path: Path
) -> None:
    one_cell.ranges = False
    one_cell.faults[CELL] = ["truncate:2000000"]
    assert heights_for(INLAND, settings, tmp_path).paths[0].read_bytes() == one_cell.files[CELL]


def test_requests_are_parallel_and_bounded_and_progress_grows(
    tile_server: TileServer, settings: FetchSettings, tmp_path: Path
) -> None:
    def slowly(path: str) -> bytes | None:
        time.sleep(0.01)
        return publish(path)

    tile_server.make = slowly
    told: list[tuple[str, float]] = []
    long = road((6.2, 45.2), (6.6, 45.5))
    fetched = heights_for(
        long, settings, tmp_path, "terrarium", progress=lambda text, share: told.append((text, share))
    )
    assert 2 <= tile_server.most_at_once <= settings.parallel
    shares = [share for _, share in told]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    count = len(tile_server.files)
    assert told[-1][0] == (
        f"downloading Terrarium terrain tiles: {count} of {count} tiles, "
        f"{sum(map(len, tile_server.files.values())) / 1e6:.1f} MB"
    )
    assert_right(fetched.paths, long, 2.0)


def test_calling_it_off_ends_at_once_and_keeps_what_is_whole(
    tile_server: TileServer, settings: FetchSettings, tmp_path: Path
) -> None:
    tile_server.make = publish
    tile_server.faults["/terrarium/12/2121/1467.png"] = ["stall"]

    def stop(text: str, share: float) -> None:
        if tile_server.asked("2121/1467"):
            raise KeyboardInterrupt

    begun = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        heights_for(SHORT, replace(settings, parallel=2), tmp_path, "terrarium", progress=stop)
    assert time.monotonic() - begun < 10.0, "it must not wait for the server"
    for whole in settings.cache.rglob("*.png"):
        assert whole.read_bytes() == tile_server.content(f"/terrarium/12/{whole.parent.name}/{whole.name}")
    tile_server.release.set()
    assert_right(heights_for(SHORT, settings, tmp_path, "terrarium").paths, SHORT, 2.0)


def test_two_at_the_same_time_fetch_once(
    one_cell: TileServer, settings: FetchSettings, tmp_path: Path
) -> None:
    one_cell.faults[CELL] = ["truncate:1500000"]
    results: list[object] = []
    threads = [
        threading.Thread(target=lambda: results.append(heights_for(INLAND, settings, tmp_path)))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert results[0] == results[1]
    assert [status for _, _, status in one_cell.requests] == [200, 206]


def test_a_full_or_closed_disk_is_said(one_cell: TileServer, settings: FetchSettings, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(DownloadError, match=r"cache folder .* cannot be written"):
        heights_for(INLAND, replace(settings, cache=tmp_path / "file" / "cache"), tmp_path)


@pytest.mark.parametrize(
    "address",
    [
        "file:///etc/{name}",
        "ftp://example.org/{name}",
        "{name}",
        "http:///{name}",
        "https://example.org/tile.tif",
        "http://[::1/{name}",
    ],
)
def test_only_web_addresses_with_placeholders_are_asked(
    settings: FetchSettings, tmp_path: Path, address: str
) -> None:
    with pytest.raises(DownloadError, match="address set for Copernicus GLO-30"):
        heights_for(INLAND, replace(settings, addresses={"glo30": address}), tmp_path)


def test_sources_that_do_not_exist_are_refused(settings: FetchSettings, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match="choose glo30 or terrarium"):
        heights_for(INLAND, settings, tmp_path, "sentinel2")
    with pytest.raises(DownloadError, match="choose sentinel2 or ign"):
        fetch_imagery("glo30", INLAND, half_width_m=2000, settings=settings, work=tmp_path)


def test_terrarium_that_is_a_usual_picture_is_refused(
    tile_server: TileServer, settings: FetchSettings, tmp_path: Path
) -> None:
    tile_server.make = lambda path: terrarium_file(0, 0, 0, lambda lon, lat: 20_000 + 0 * lon * lat)
    with pytest.raises(DownloadError, match="colours code no heights"):
        heights_for(SHORT, settings, tmp_path, "terrarium")


def test_a_server_that_drips_is_given_up(
    tile_server: TileServer, settings: FetchSettings, tmp_path: Path
) -> None:
    impatient = replace(TERRARIUM, patience_s=0.1)
    tile_server.faults["/a.png"] = ["drip"] * 4
    want = Wanted(f"{tile_server.address}/a.png", settings.folder(TERRARIUM) / "a.png", lambda path: None)
    with pytest.raises(DownloadError, match="is too slow"):
        fetch(impatient, [want], settings=settings, remedy="wait", progress=lambda text, share: None)


def test_redirects_are_followed_but_not_in_circles_nor_out_of_a_secured_connection(
    one_cell: TileServer, settings: FetchSettings, tmp_path: Path
) -> None:
    one_cell.files["/moved"] = one_cell.files[CELL]
    one_cell.faults[CELL] = ["redirect:/moved"]
    assert_right(heights_for(INLAND, settings, tmp_path).paths, INLAND)
    elsewhere = replace(settings, cache=tmp_path / "other")
    one_cell.faults[CELL] = [f"redirect:{CELL}"] * 40
    with pytest.raises(DownloadError, match="from address to address"):
        heights_for(INLAND, elsewhere, tmp_path)

    def asked(request: httpx.Request) -> httpx.Response:
        if request.url.scheme == "https":
            return httpx.Response(302, headers={"Location": "http://plain.example/tile"})
        return httpx.Response(200, content=b"tile")

    listener = Listener(lambda new, have, expected: None, lambda: False)
    with (
        httpx.Client(transport=httpx.MockTransport(asked), follow_redirects=True) as client,
        pytest.raises(RefusedError, match="secured"),
    ):
        transfer(
            client,
            "https://safe.example/tile",
            tmp_path / "x.part",
            most_bytes=100,
            patience_s=5.0,
            listener=listener,
        )
    assert not (tmp_path / "x.part").exists()


def test_no_room_for_temporary_files_is_said(
    tile_server: TileServer, settings: FetchSettings, tmp_path: Path
) -> None:
    tile_server.make = publish
    with pytest.raises(DownloadError, match=r"temporary file .* cannot be written"):
        heights_for(SHORT, settings, tmp_path / "nowhere", "terrarium")


def test_a_proxy_that_cannot_be_used_is_said(
    settings: FetchSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALL_PROXY", "gopher://proxy.example:70")
    with pytest.raises(DownloadError, match="proxy"):
        heights_for(INLAND, settings, tmp_path)


@pytest.mark.parametrize(
    ("whole", "check"),
    [
        (degree_file(6, 45, 1200), lambda path: check_degree_file(path, 6, 45, thorough=False)),
        (terrarium_file(12, 2121, 1467), read_terrarium),
        (picture_file(12, 2121, 1467), read_picture),
    ],
    ids=["GeoTIFF", "Terrarium", "imagery"],
)
def test_whatever_bytes_arrive_the_answer_is_yes_or_unfit(
    tmp_path: Path, whole: bytes, check: Callable[[Path], object]
) -> None:
    rng = np.random.default_rng(11)
    path = tmp_path / "tile.part"
    unfit = 0
    for number in range(60):
        damaged = bytearray(whole)
        reach = len(whole) if number % 2 else 400
        for at in rng.integers(0, reach, 4):
            damaged[at] = rng.integers(0, 256)
        path.write_bytes(bytes(damaged[: rng.integers(1, len(whole))] if number % 3 == 0 else damaged))
        try:
            check(path)
        except UnfitError:
            unfit += 1
    assert unfit >= 20
