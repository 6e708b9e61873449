"""Files hold exactly what was drawn: frames, rate, colours, transparency."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import pytest
from PIL import Image

from tracker3d.errors import InputError, MachineError, OutputError
from tracker3d.render import Alpha, write_picture, write_video

RATES = [Fraction(25), Fraction(30000, 1001), Fraction(60000, 1001)]
PATCHES = np.array(
    [[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 0], [128, 128, 128], [255, 255, 255]], np.uint8
)


def patches(count, *, alpha=255):
    """Colour fields that move by a field per frame."""
    for number in range(count):
        rgba = np.full((64, 96, 4), alpha, np.uint8)
        rgba[..., :3] = np.repeat(np.roll(PATCHES, number, axis=0), 16, axis=0)[None, :, :]
        yield rgba


@pytest.mark.parametrize("fps", RATES)
def test_mp4_has_every_frame_at_its_exact_time(tmp_path, fps):
    path = tmp_path / "clip.mp4"
    write_video(path, patches(31), fps=fps)
    with av.open(path) as container:
        stream = container.streams.video[0]
        assert stream.average_rate == fps
        assert stream.codec_context.name == "h264"
        assert stream.codec_context.pix_fmt == "yuv420p"
        context = stream.codec_context
        assert (context.color_primaries, context.color_trc, context.colorspace, context.color_range) == (
            1,
            1,
            1,
            1,
        )
        frames = list(container.decode(stream))
        times = [frame.pts * stream.time_base for frame in frames]
    assert len(frames) == 31
    assert times == [number / fps for number in range(31)]


def test_mp4_colours_are_bt709_limited(tmp_path):
    """The luma and chroma in the file are those that BT.709 gives, computed here from its definition."""
    path = tmp_path / "clip.mp4"
    write_video(path, patches(3), fps=Fraction(25))
    with av.open(path) as container:
        first = next(container.decode(video=0)).to_ndarray()
    luma, blue, red = first[:64], first[64:80].reshape(32, 48), first[80:96].reshape(32, 48)
    rgb = PATCHES.astype(float) / 255.0
    y = rgb @ [0.2126, 0.7152, 0.0722]
    expected = np.stack(
        [16 + 219 * y, 128 + 224 * (rgb[:, 2] - y) / 1.8556, 128 + 224 * (rgb[:, 0] - y) / 1.5748], -1
    )
    for number in range(len(PATCHES)):
        found = [luma[32, number * 16 + 8], blue[16, number * 8 + 4], red[16, number * 8 + 4]]
        assert np.abs(np.array(found, float) - expected[number]).max() <= 3.0


def test_mov_with_alpha_is_lossless(tmp_path):
    random = np.random.default_rng(2)
    given = [random.integers(0, 256, (50, 70, 4)).astype(np.uint8) for _ in range(5)]
    path = tmp_path / "key.mov"
    write_video(path, given, fps=Fraction(30000, 1001), alpha=Alpha.STRAIGHT)
    with av.open(path) as container:
        assert container.streams.video[0].average_rate == Fraction(30000, 1001)
        found = [frame.to_ndarray(format="rgba") for frame in container.decode(video=0)]
    assert len(found) == 5
    assert all((one == other).all() for one, other in zip(given, found, strict=True))


def test_folder_of_pictures(tmp_path):
    given = list(patches(4, alpha=77))
    write_video(tmp_path / "frames", iter(given), fps=Fraction(25), alpha=Alpha.STRAIGHT)
    names = sorted(path.name for path in (tmp_path / "frames").iterdir())
    assert names == ["000000.png", "000001.png", "000002.png", "000003.png"]
    assert (np.asarray(Image.open(tmp_path / "frames" / names[2])) == given[2]).all()


def test_picture_keeps_every_value(tmp_path):
    rgba = np.random.default_rng(3).integers(0, 256, (30, 40, 4)).astype(np.uint8)
    write_picture(tmp_path / "a.png", rgba)
    assert (np.asarray(Image.open(tmp_path / "a.png")) == rgba).all()
    rgba[..., 3] = 255
    write_picture(tmp_path / "a.png", rgba)
    with Image.open(tmp_path / "a.png") as image:
        assert image.mode == "RGB"
        assert (np.asarray(image) == rgba[..., :3]).all()


@pytest.mark.parametrize(("name", "alpha"), [("clip.avi", False), ("clip.mp4", True)])
def test_formats_that_cannot_be_are_refused(tmp_path, name, alpha):
    with pytest.raises(InputError, match="clip"):
        write_video(
            tmp_path / name, patches(1), fps=Fraction(25), alpha=Alpha.STRAIGHT if alpha else Alpha.NONE
        )
    with pytest.raises(InputError, match=r"\.png"):
        write_picture(tmp_path / name, next(patches(1)))
    assert not list(tmp_path.iterdir())


def failing(after):
    yield from patches(after)
    raise ZeroDivisionError


def odd(count):
    for rgba in patches(count):
        yield rgba[:63]


@pytest.mark.parametrize("name", ["clip.mp4", "clip.mov", "clip"])
def test_failure_while_drawing_leaves_what_stood_there(tmp_path, name):
    with pytest.raises(ZeroDivisionError):
        write_video(tmp_path / name, failing(12), fps=Fraction(25))
    assert not list(tmp_path.iterdir())


def test_failure_while_encoding_ends_the_drawing(tmp_path):
    drawn = []

    def frames():
        for number, rgba in enumerate(odd(500)):
            drawn.append(number)
            yield rgba

    with pytest.raises(InputError, match="96x63"):
        write_video(tmp_path / "clip.mp4", frames(), fps=Fraction(25))
    assert len(drawn) < 100
    assert not list(tmp_path.iterdir())


def test_frames_of_different_sizes_are_no_video(tmp_path):
    with pytest.raises((InputError, OutputError)):
        write_video(
            tmp_path / "clip.mp4",
            [np.zeros((64, 64, 4), np.uint8), np.zeros((32, 64, 4), np.uint8)],
            fps=Fraction(25),
            alpha=Alpha.NONE,
        )
    assert not list(tmp_path.iterdir())


def test_no_frames_no_video(tmp_path):
    with pytest.raises(InputError, match="at least one frame"):
        write_video(tmp_path / "clip.mp4", [], fps=Fraction(25))
    assert not list(tmp_path.iterdir())


def test_missing_encoder_is_one_plain_sentence(tmp_path, monkeypatch):
    monkeypatch.setattr(av, "codecs_available", av.codecs_available - {"libx264"})
    with pytest.raises(MachineError, match="libx264"):
        write_video(tmp_path / "clip.mp4", patches(2), fps=Fraction(25))
    assert not list(tmp_path.iterdir())


def test_missing_folder_is_named(tmp_path):
    with pytest.raises(OutputError, match="nowhere"):
        write_video(tmp_path / "nowhere" / "clip.mp4", patches(1), fps=Fraction(25))
