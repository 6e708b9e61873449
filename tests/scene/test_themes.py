"""Theme files: colours, words, typefaces and logos, and what is said of bad ones."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path

import pytest

from tracker3d.errors import InputError
from tracker3d.scene import build_scene, choose_theme, default_theme, frame_at, load_theme, parse_camera
from tracker3d.scene.style import font


def test_a_theme_file_changes_what_it_names(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('language = "fr"\n[colours]\naccent = "#00ff00"\n', encoding="utf-8")
    theme = load_theme(path)
    assert theme.colour("accent") == (0, 255, 0)
    assert theme.word("sprint") == "Sprint"
    assert theme.word("finish") == "Arrivée"
    assert theme.colour("panel") == default_theme().colour("panel")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("language = ", "is no theme"),
        ('[colours]\naccent = "green"\n', "is no theme"),
        ("[sizes]\nfigure = 5000.0\n", "is no theme"),
        ("shadows = true\n", "is no theme"),
        ('language = "xx"\n', "choose one of en, fr"),
        ("[gradient]\npercent = [0.0, 1.0]\n", "gradient ramp"),
        ('language = "de"\n[words.de]\nhead = "Spitze"\n', "lacks the words"),
        ("\udcff", "is no theme"),
    ],
)
def test_bad_theme_files_get_one_plain_sentence(tmp_path, content, says):
    path = tmp_path / "bad.toml"
    path.write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(InputError, match=says) as caught:
        load_theme(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_theme_file_is_named(tmp_path):
    with pytest.raises(InputError, match="check the path of the theme"):
        load_theme(tmp_path / "none.toml")


def _logo(folder: Path, size: tuple[int, int] = (400, 100)) -> Path:
    from PIL import Image

    path = folder / "logo.png"
    Image.new("RGBA", size, (200, 10, 60, 255)).save(path)
    return path


def test_a_theme_brings_its_own_typeface_and_logo(tmp_path, stage, ground, race):
    own = resources.files("font_source_sans_pro") / "files" / "SourceSansPro-Black.ttf"
    (tmp_path / "own.ttf").write_bytes(own.read_bytes())
    _logo(tmp_path)
    path = tmp_path / "mine.toml"
    path.write_text('[fonts]\nRegular = "own.ttf"\n[logos]\ncorner = "logo.png"\n', encoding="utf-8")
    theme = load_theme(path)
    assert theme.font(30.0).getlength("Peloton") == font(30.0, "Black").getlength("Peloton")
    assert theme.font(30.0, "Bold").getlength("Peloton") == font(30.0, "Bold").getlength("Peloton")
    frame = frame_at(
        build_scene(stage, ground, theme),
        race,
        stage.start_time_ms,
        camera=parse_camera("overview"),
        viewport_px=(1920, 1080),
    )
    (logo,) = [panel for panel in frame.panels if panel.name == "logo"]
    assert (logo.image[-50:, -200:, :3] == (200, 10, 60)).all()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ('[logos]\ncorner = "../logo.png"\n', "not in its folder"),
        ('[logos]\ncorner = "/etc/hostname"\n', "not in its folder"),
        ('[logos]\ncorner = "none.png"\n', "is missing"),
        ('[logos]\ncorner = "bad.toml"\n', "is no picture"),
        ('[fonts]\nBold = "logo.png"\n', "is no typeface"),
        ('[fonts]\nHeavy = "logo.png"\n', "is no theme"),
    ],
)
def test_files_of_a_theme_are_checked(tmp_path, content, says):
    _logo(tmp_path)
    (tmp_path / "bad.toml").write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=says):
        load_theme(tmp_path / "bad.toml")


def test_a_logo_too_large_is_refused(tmp_path):
    _logo(tmp_path, (5000, 10))
    (tmp_path / "mine.toml").write_text('[logos]\ncorner = "logo.png"\n', encoding="utf-8")
    with pytest.raises(InputError, match="too large for a logo"):
        load_theme(tmp_path / "mine.toml")


def test_a_language_is_chosen_by_name():
    assert choose_theme(None, "fr").word("finish") == "Arrivée"
    assert choose_theme(None) is default_theme()
    with pytest.raises(InputError, match="choose one of en, fr"):
        choose_theme(None, "xx")


def test_both_languages_are_complete():
    """Every word in English is there in French and the other way round, with the same places for figures."""
    words = default_theme().words
    assert set(words) == {"en", "fr"}
    assert set(words["en"]) == set(words["fr"])
    for use, english in words["en"].items():
        assert english, use
        assert words["fr"][use], use
        assert re.findall(r"{\w*}", english) == re.findall(r"{\w*}", words["fr"][use]), use


def test_every_word_asked_for_is_there():
    """Wherever the program asks the theme for a word by its name."""
    asked = set()
    for source in (Path(__file__).parents[2] / "tracker3d").rglob("*.py"):
        asked |= set(re.findall(r"\.word\(\"(\w+)\"\)", source.read_text("utf-8")))
    assert len(asked) > 20
    assert asked <= set(default_theme().words["en"])
