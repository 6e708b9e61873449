"""Files behind what users name: archives, folders, mosaics, pyramids of tiles."""

from __future__ import annotations

import gzip
import io
import os
import shutil
import tarfile
import zipfile
from typing import TYPE_CHECKING

import numpy as np
import pytest
from dem_files import (
    coded,
    hill_posts,
    hills,
    on_plan,
    plan_over,
    posts,
    tile_degrees,
    tiles_over,
    write_raster,
    write_tile,
)

from terrain import ElevationFileError, LocalFrame, describe, sample_heights
from terrain.finding import find_files
from terrain.sources import open_sources, read_heights_on

if TYPE_CHECKING:
    from pathlib import Path

FRAME = LocalFrame(6.0, 45.0)
RAW = np.full((1201, 1201), 1234, ">i2").tobytes()
PLACES = ([6.5, 7.5], [45.5, 45.5])


def names_in(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def zipped(path: Path, members: dict[str, bytes], **options: object) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1, **options) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path


def tarred(path: Path, members: dict[str, bytes], mode: str) -> Path:
    with tarfile.open(path, mode) as archive:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return path


MEMBERS = {
    "N45E006.hgt": RAW,
    "deep/er/N45E007.HGT": RAW,
    "deep/readme.txt": b"no raster",
    "__MACOSX/N45E006.hgt": b"\0\0",
}


@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz", "tgz"])
def test_several_tiles_in_folders_of_one_archive(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"alps.{kind}"
    if kind == "zip":
        zipped(path, MEMBERS)
    else:
        tarred(path, MEMBERS, "w" if kind == "tar" else "w:gz")
    assert sample_heights([path], *PLACES) == pytest.approx([1234.0, 1234.0])
    found = describe(path)
    assert (found.files, found.messages) == (2, ())
    assert names_in(tmp_path) == [path.name], "nothing is written beside a user's files"


def test_gzipped_members_and_archives_in_folders(tmp_path: Path) -> None:
    zipped(tmp_path / "a.zip", {"x/N45E006.hgt.gz": gzip.compress(RAW, 1)})
    tarred(tmp_path / "b.TAR.GZ", {"N45E007.hgt": RAW}, "w:gz")
    (tmp_path / "N45E008.HGT.GZ").write_bytes(gzip.compress(RAW, 1))
    before = names_in(tmp_path)
    assert sample_heights([tmp_path], [6.5, 7.5, 8.5], [45.5] * 3) == pytest.approx([1234.0] * 3)
    assert names_in(tmp_path) == before


def test_names_that_point_out_of_an_archive_are_left_alone(tmp_path: Path) -> None:
    outside = tmp_path / "N45E006.hgt"
    outside.write_bytes(RAW)
    inner = tmp_path / "inner"
    inner.mkdir()
    path = zipped(inner / "a.zip", {"../N45E006.hgt": RAW, "/N45E007.hgt": RAW, "N45E008.hgt": RAW})
    assert [file.title for file in find_files([path])] == [f"{path}/N45E008.hgt"]
    only = zipped(inner / "b.zip", {"../../etc/N45E006.hgt": RAW})
    with pytest.raises(ElevationFileError, match="holds no elevation file"):
        find_files([only])
    assert names_in(tmp_path) == ["N45E006.hgt", "inner"]


def test_archives_that_would_burst_are_refused_unopened(tmp_path: Path) -> None:
    path = tmp_path / "bomb.tar"
    entry = tarfile.TarInfo("N45E006.hgt")
    entry.size = 20_000_000_000
    path.write_bytes(entry.tobuf(format=tarfile.GNU_FORMAT))
    with pytest.raises(ElevationFileError, match=r"bomb\.tar would unpack to more than 20 GB"):
        open_sources([path])
    zeros = tmp_path / "zeros.zip"
    with zipfile.ZipFile(zeros, "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("N45E006.tif", b"\0" * 10_000_000)
    listed = bytearray(zeros.read_bytes())
    at = listed.rfind(b"PK\x01\x02")
    listed[at + 24 : at + 28] = (3_000_000_000).to_bytes(4, "little")
    zeros.write_bytes(listed)
    with pytest.raises(ElevationFileError, match="would unpack to more than 3 GB"):
        open_sources([zeros])


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("torn.zip", b"PK\x03\x04 no more", "damaged or cut off"),
        ("torn.tar.gz", gzip.compress(os.urandom(5000))[:3000], "damaged or cut off"),
        ("dem.7z", b"7z\xbc\xaf\x27\x1c", "unpack it and give the folder"),
        ("dem.tar.xz", b"\xfd7zXZ", "unpack it and give the folder"),
    ],
)
def test_archives_that_cannot_be_read_are_told_in_one_sentence(
    tmp_path: Path, name: str, content: bytes, words: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(ElevationFileError, match=words) as caught:
        describe(path)
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)


def test_encrypted_archives_are_told(tmp_path: Path) -> None:
    path = zipped(tmp_path / "secret.zip", {"N45E006.hgt": RAW})
    content = bytearray(path.read_bytes())
    content[content.rfind(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(content)
    with pytest.raises(ElevationFileError, match=r"secret\.zip is encrypted"):
        describe(path)


def mosaic(path: Path, source: str) -> Path:
    path.write_text(
        '<VRTDataset rasterXSize="241" rasterYSize="241"><SRS>EPSG:4326</SRS>'
        "<GeoTransform>5.899583333333, 0.000833333333333, 0, 45.100416666667, 0, -0.000833333333333"
        '</GeoTransform><VRTRasterBand dataType="Float32" band="1"><SimpleSource>'
        f'<SourceFilename relativeToVRT="1">{source}</SourceFilename><SourceBand>1</SourceBand>'
        '<SrcRect xOff="0" yOff="0" xSize="241" ySize="241"/><DstRect xOff="0" yOff="0" xSize="241" '
        'ySize="241"/></SimpleSource></VRTRasterBand></VRTDataset>'
    )
    return path


def test_mosaics_name_their_files_from_where_they_lie(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tiles").mkdir()
    tile = write_raster(tmp_path / "tiles" / "a.tif", hill_posts(5.9, 45.1, 241, 241), posts(5.9, 45.1))
    path = mosaic(tmp_path / "all.vrt", "tiles/a.tif")
    monkeypatch.chdir("/")
    assert sample_heights([path], 6.0, 45.0) == pytest.approx(sample_heights([tile], 6.0, 45.0))
    tile.unlink()
    for use in (lambda: open_sources([path]), lambda: describe(path)):
        with pytest.raises(ElevationFileError, match=r"all\.vrt refers to a\.tif, which is not there"):
            use()


def test_mosaics_of_the_internet_are_refused(tmp_path: Path) -> None:
    path = mosaic(tmp_path / "web.vrt", "/vsicurl/http://127.0.0.1:9/a.tif")
    with pytest.raises(ElevationFileError, match=r"web\.vrt"):
        describe(path)


@pytest.mark.parametrize(("code", "ending", "side"), [("Terrarium", "png", 256), ("Mapbox", "webp", 512)])
def test_pyramids_of_either_code_are_read_at_the_zoom_that_is_needed(
    tmp_path: Path, code: str, ending: str, side: int
) -> None:
    root = tmp_path / "tiles"
    box = (5.95, 44.95, 6.05, 45.05)
    for zoom in (10, 11, 12):
        for x, y in tiles_over(zoom, *box):
            heights = hills(*tile_degrees(zoom, x, y, side)) + 0.01 * zoom
            write_tile(root, zoom, x, y, coded(heights, code), ending)
    sources = open_sources([root])
    assert [raster.file.zoom for raster in sources.rasters] == [12, 11, 10]
    assert sources.messages == (f"tiles codes heights in colours; it is read as {code} Terrain-RGB.",)
    for step_m, wanted in ((30.0, 27.0), (60.0, 54.0), (10.0, sources.finest_m)):
        first = sources.groups(step_m)[0][0]
        assert first.cell_m == pytest.approx(wanted, rel=0.02), "the coarsest that is fine enough"
    plan = plan_over(FRAME, *box)
    error = read_heights_on(plan, sources, frame=FRAME) - hills(*on_plan(plan, FRAME))
    assert np.abs(error).max() < 1.5, "colours that are mixed before they are decoded give spikes"
    assert sample_heights([root], 6.01, 45.01) == pytest.approx(
        hills(np.array(6.01), np.array(45.01)), abs=1.0
    )


def test_a_missing_tile_is_filled_from_the_zoom_below_and_a_damaged_one_is_named(tmp_path: Path) -> None:
    box = (5.95, 44.95, 6.05, 45.05)
    for zoom in (10, 12):
        for x, y in tiles_over(zoom, *box):
            write_tile(tmp_path, zoom, x, y, coded(hills(*tile_degrees(zoom, x, y)), "Terrarium"))
    gone = sorted((tmp_path / "12").rglob("*.png"))[3]
    gone.unlink()
    plan = plan_over(FRAME, *box)
    heights = read_heights_on(plan, open_sources([tmp_path]), frame=FRAME)
    assert not np.isnan(heights).any()
    assert np.abs(heights - hills(*on_plan(plan, FRAME))).max() < 60
    gone.write_bytes(b"\x89PNG\r\n\x1a\n")
    with pytest.raises(
        ElevationFileError, match=rf"The tile {gone.parent.name}/{gone.stem} in .*12 is damaged"
    ):
        open_sources([tmp_path])


def test_one_tile_and_a_pyramid_in_an_archive_know_their_places(tmp_path: Path) -> None:
    (x, y) = tiles_over(12, 6.0, 45.0, 6.0, 45.0)[0]
    tile = write_tile(tmp_path / "t", 12, x, y, coded(hills(*tile_degrees(12, x, y)), "Mapbox"))
    truth = pytest.approx(hills(np.array(6.02), np.array(45.02)), abs=2.0)
    assert sample_heights([tile], 6.02, 45.02) == truth
    path = zipped(tmp_path / "t.zip", {f"some/12/{x}/{y}.png": tile.read_bytes(), "some/12/9999/1.png": b""})
    assert sample_heights([path], 6.02, 45.02) == truth


@pytest.mark.parametrize("with_crs", [True, False])
def test_a_coded_picture_has_its_place_from_files_beside_it(tmp_path: Path, *, with_crs: bool) -> None:
    x, y = tiles_over(12, 6.0, 45.0, 6.0, 45.0)[0]
    tile = write_tile(tmp_path, 12, x, y, coded(hills(*tile_degrees(12, x, y)), "Terrarium"))
    picture = tmp_path / "alone.png"
    shutil.move(tile, picture)
    with pytest.raises(ElevationFileError, match=r"place on Earth is unknown; put its \.prj or world file"):
        describe(picture)
    equator = 2 * np.pi * 6378137
    pixel = equator / 2**12 / 256
    left, top = x * 256 * pixel - equator / 2, equator / 2 - y * 256 * pixel
    if with_crs:
        (tmp_path / "alone.png.aux.xml").write_text(
            f"<PAMDataset><SRS>EPSG:3857</SRS><GeoTransform>{left}, {pixel}, 0, {top}, 0, {-pixel}"
            "</GeoTransform></PAMDataset>"
        )
    else:
        (tmp_path / "alone.pgw").write_text(
            f"{pixel}\n0\n0\n{-pixel}\n{left + pixel / 2}\n{top - pixel / 2}\n"
        )
    truth = pytest.approx(hills(np.array(6.02), np.array(45.02)), abs=2.0)
    assert sample_heights([tmp_path], 6.02, 45.02) == truth
    told = " ".join(describe(picture).messages)
    assert ("Web Mercator" in told) != with_crs


@pytest.mark.real
def test_real_tiles_of_davos_agree_with_the_grid_they_cover(shared_data: Path, tmp_path: Path) -> None:
    davos = shared_data / "dem" / "davos"
    lon, lat = np.linspace(9.7, 10.1, 300), np.linspace(46.6, 47.0, 300)
    srtm = sample_heights([davos / "dem_SRTM1.tif"], lon, lat)
    tiles = sample_heights([davos / "terrarium"], lon, lat)
    assert abs(np.median(tiles - srtm)) < 3
    assert np.std(tiles - srtm) < 15
    shutil.make_archive(str(tmp_path / "davos"), "gztar", davos / "terrarium")
    packed = sample_heights([tmp_path / "davos.tar.gz"], lon[::30], lat[::30])
    np.testing.assert_array_equal(packed, tiles[::30])
    assert names_in(tmp_path) == ["davos.tar.gz"]


@pytest.mark.real
def test_both_real_codes_are_told_apart(shared_data: Path) -> None:
    folder = shared_data / "dem" / "terrain_rgb"
    found = describe(folder / "rio_rgbify_elev-rgb.tif")
    assert any("Mapbox" in message for message in found.messages)
    assert found.lowest_m > -500
    with pytest.raises(ElevationFileError, match="place on Earth is unknown"):
        describe(folder / "loadersgl_terrarium.png")


@pytest.mark.real
def test_nothing_is_written_beside_real_files(shared_data: Path, tmp_path: Path) -> None:
    for name in (
        "ventoux/N44E005.hgt",
        "asc/rge_alti_5m.asc",
        "pyrenees/N42E001.hgt.zip",
        "montblanc/montblanc_3arcsec.tif",
    ):
        shutil.copy(shared_data / "dem" / name, tmp_path)
    before = names_in(tmp_path)
    assert describe(tmp_path).files == 4
    assert names_in(tmp_path) == before
