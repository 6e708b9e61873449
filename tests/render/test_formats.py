"""Every kind of file: exact count, rate and tags, colours and alpha that survive, parts without a seam."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import pytest
from PIL import Image

from tracker3d.errors import InputError
from tracker3d.render import Alpha, Layer
from tracker3d.render.encoders import Recording, join
from tracker3d.render.formats import EXR, FORMATS, PNG, choose_format

RATES = [Fraction(25), Fraction(30000, 1001), Fraction(50), Fraction(60000, 1001)]
GREY = 128
PATCHES = np.array(
    [[255, 0, 0], [0, 255, 0], [0, 0, 255], [GREY, GREY, GREY], [255, 255, 255], [12, 34, 56]], np.uint8
)
PATCH_PX = 32
VIDEOS = [
    pytest.param(kind, alpha, id=f"{kind.name}-{alpha}")
    for kind in FORMATS
    for alpha in Alpha
    if kind.codec and kind.pixels(Layer.FULL, alpha)
]


def patches(count, *, alpha):
    """Colour fields that move by a field per frame, on fields of alpha, multiplied if that is asked for."""
    for number in range(count):
        rgba = np.full((64, PATCH_PX * len(PATCHES), 4), 255, np.uint8)
        rgba[..., :3] = np.repeat(np.roll(PATCHES, number, axis=0), PATCH_PX, axis=0)[None]
        if alpha is not Alpha.NONE:
            rgba[32:, :, 3] = 128
            rgba[48:] = 0
        if alpha is Alpha.PREMULTIPLIED:
            rgba[32:48, :, :3] //= 2
        yield rgba


def written(folder, kind, alpha, fps, *, counts=(7, 6, 3)):
    """Write a file in parts and join them."""
    recording = Recording(kind, kind.pixels(Layer.FULL, alpha), fps, alpha)
    given = list(patches(sum(counts), alpha=alpha))
    ending, made = kind.endings[0], []
    for count in counts:
        made.append(folder / f"part{len(made)}{ending}")
        first = sum(counts[: len(made) - 1])
        encoder = recording.open(made[-1], first=first)
        for image in given[first : first + count]:
            encoder.add(image)
        encoder.close()
    assert join(made, folder / f"whole{ending}", recording) == sum(counts)
    return folder / f"whole{ending}", given


def decoded(path, kind, alpha):
    """Return times and frames; VP9 gives its alpha to libvpx only, when that is asked for."""
    with av.open(path) as container:
        stream = container.streams.video[0]
        if kind.name == "vp9" and alpha is not Alpha.NONE:
            context = av.CodecContext.create("libvpx-vp9", "r")
            packets = [packet for packet in container.demux(stream) if packet.size]
            frames = [frame for packet in (*packets, None) for frame in context.decode(packet)]
        else:
            frames = list(container.decode(stream))
        return stream.average_rate, [frame.pts * stream.time_base for frame in frames], frames


def rgba_of(frame):
    """Return what a viewer sees who heeds the tags."""
    return frame.to_ndarray(format="rgba", src_colorspace="ITU709").astype(int)


@pytest.mark.parametrize("fps", RATES, ids=str)
@pytest.mark.parametrize(("kind", "alpha"), VIDEOS)
def test_frames_and_rate_are_exact(tmp_path, kind, alpha, fps):
    path, given = written(tmp_path, kind, alpha, fps)
    rate, times_s, frames = decoded(path, kind, alpha)
    assert rate == fps
    assert len(frames) == len(given)
    rounded_s = Fraction(1, 2000) if kind.endings[0] in (".mkv", ".webm") else 0  # those count milliseconds
    for number, at_s in enumerate(times_s):
        assert abs(at_s - number / fps) <= rounded_s


@pytest.mark.parametrize(("kind", "alpha"), VIDEOS)
def test_colours_survive_and_are_tagged(tmp_path, kind, alpha):
    path, given = written(tmp_path, kind, alpha, Fraction(50))
    with av.open(path) as container:
        context = container.streams.video[0].codec_context
        yuv = kind.pixels(Layer.FULL, alpha).startswith("yuv")
        if yuv:
            tags = context.color_primaries, context.color_trc, context.colorspace, context.color_range
            assert tags == (1, 1, 1, 1)
        assert container.metadata.get("comment", container.metadata.get("COMMENT")) == (
            None if alpha is Alpha.NONE else f"{alpha} alpha"
        )
    frames = decoded(path, kind, alpha)[2]
    for image, frame in zip(given, frames, strict=True):
        found, wanted = rgba_of(frame), image.astype(int)
        if not yuv:
            assert (
                found[..., : 3 + (alpha is not Alpha.NONE)] == wanted[..., : 3 + (alpha is not Alpha.NONE)]
            ).all()
            continue
        for row in (16, 40) if alpha is not Alpha.NONE else (16,):
            for column in range(PATCH_PX // 2, PATCH_PX * len(PATCHES), PATCH_PX):
                off = np.abs(found[row, column] - wanted[row, column])
                assert off[:3].max() <= 4
                if alpha is not Alpha.NONE:
                    assert off[3] <= 2


def test_numbers_survive(tmp_path):
    """Mattes as PNG of 16 bits, as FFV1, and distances as OpenEXR, all exact."""
    codes = np.random.default_rng(4).integers(0, 65536, (30, 42)).astype(np.uint16)
    metres = (codes / np.float32(7)).astype(np.float32)
    png = Recording(PNG, PNG.matte, Fraction(25), Alpha.NONE).open(tmp_path / "png", first=12)
    png.add(codes)
    png.close()
    with Image.open(tmp_path / "png" / "000012.png") as image:
        assert image.mode.startswith("I")
        assert (np.asarray(image).astype(int) == codes).all()
    exr = Recording(EXR, EXR.matte, Fraction(25), Alpha.NONE).open(tmp_path / "exr")
    exr.add(metres)
    exr.close()
    with av.open(tmp_path / "exr" / "000000.exr") as container:
        found = next(container.decode(video=0))
        assert found.format.name.startswith(("gray", "gbrp"))
        plane = np.frombuffer(found.planes[0], np.float32).reshape(found.height, -1)[:, : found.width]
    assert (plane == metres).all()
    kind = choose_format(tmp_path / "a.mkv", layer=Layer.DEPTH, alpha=Alpha.NONE)
    video = Recording(kind, kind.pixels(Layer.DEPTH, Alpha.NONE), Fraction(25), Alpha.NONE)
    encoder = video.open(tmp_path / "a.mkv")
    encoder.add(codes)
    encoder.close()
    with av.open(tmp_path / "a.mkv") as container:
        assert (next(container.decode(video=0)).to_ndarray() == codes).all()


def test_pictures_of_parts_become_one_folder(tmp_path):
    path, given = written(tmp_path, PNG, Alpha.STRAIGHT, Fraction(25))
    names = sorted(each.name for each in path.iterdir())
    assert names == [f"{number:06d}.png" for number in range(len(given))]
    with Image.open(path / names[9]) as image:
        assert (np.asarray(image) == given[9]).all()


@pytest.mark.parametrize(
    ("name", "layer", "alpha", "codec", "chosen"),
    [
        ("a.mp4", "full", "none", None, "h264"),
        ("a.mov", "full", "none", None, "h264"),
        ("a.mov", "full", "straight", None, "qtrle"),
        ("a.MOV", "overlays", "premultiplied", "prores", "prores"),
        ("a.mkv", "depth", "none", None, "ffv1"),
        ("a.webm", "hold-out", "straight", None, "vp9"),
        ("a", "full", "straight", None, "png"),
        ("a", "depth", "none", "exr", "exr"),
    ],
)
def test_names_say_the_format(tmp_path, name, layer, alpha, codec, chosen):
    kind = choose_format(tmp_path / name, layer=Layer(layer), alpha=Alpha(alpha), codec=codec)
    assert kind.name == chosen


@pytest.mark.parametrize(
    ("name", "layer", "alpha", "codec", "says"),
    [
        ("a.avi", "full", "none", None, "no video format"),
        ("a.mp4", "full", "straight", None, "cannot hold transparency"),
        ("a.webm", "riders", "none", None, "cannot hold the layer riders"),
        ("a.mp4", "full", "none", "prores", r"name \.mov"),
        ("a.mov", "full", "none", "dnxhd", "choose one of h264"),
        ("a", "riders", "none", "exr", "layer riders"),
    ],
)
def test_what_a_format_cannot_hold_is_refused(tmp_path, name, layer, alpha, codec, says):
    with pytest.raises(InputError, match=says):
        choose_format(tmp_path / name, layer=Layer(layer), alpha=Alpha(alpha), codec=codec)
