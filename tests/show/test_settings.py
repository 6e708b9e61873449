"""Settings and keys of one's own."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker3d.errors import InputError
from tracker3d.show.hotkeys import ACTS, Hotkeys, hotkeys_from, normal
from tracker3d.show.settings import Output, Settings, read_settings, settings_path, write_settings

NAMES = [act.name for act in ACTS]
KEYS = [key for act in ACTS for key in act.keys] + ["Ctrl++", "Alt+F4", "Q", "Shift+PgUp"]


def test_the_usual_keys_are_each_the_key_of_one_act() -> None:
    usual = [key for act in ACTS for key in act.keys]
    assert len(set(usual)) == len(usual)
    assert len(set(NAMES)) == len(NAMES)
    assert [normal(key) for key in usual] == usual
    for act in ACTS:
        for key in act.keys:
            assert Hotkeys().act_of(key) is act


@pytest.mark.parametrize(
    ("given_key", "written"),
    [("ctrl+shift+z", "Ctrl+Shift+Z"), ("shift+ctrl+Z", "Ctrl+Shift+Z"), ("Ctrl++", "Ctrl++"), ("+", "+"),
     ("f11", "F11"), (" space ", "Space"), ("?", "?")],
)  # fmt: skip
def test_keys_are_written_in_one_way(given_key: str, written: str) -> None:
    assert normal(given_key) == written


@pytest.mark.parametrize("wrong", ["", "Ctrl", "Ctrl+Ctrl+A", "Hyper+A", "AB", "Ctrl+\n", "Ctrl+Shift+"])
def test_what_is_no_key_is_refused(wrong: str) -> None:
    with pytest.raises(InputError, match="is no key"):
        normal(wrong)


def test_a_key_given_to_an_act_is_taken_from_the_one_that_had_it() -> None:
    hotkeys = Hotkeys().remapped("mix", ["X", "m"])
    assert hotkeys.of("mix") == ("X", "M")
    assert hotkeys.of("cut") == ()
    assert hotkeys.act_of("x").name == "mix"
    back = hotkeys.usual("cut").usual("mix")
    assert back == Hotkeys()


@given(st.lists(st.tuples(st.sampled_from(NAMES), st.lists(st.sampled_from(KEYS), max_size=3)), max_size=30))
def test_however_keys_are_given_no_key_does_two_things(given_keys: list[tuple[str, list[str]]]) -> None:
    hotkeys = Hotkeys()
    for name, keys in given_keys:
        hotkeys = hotkeys.remapped(name, keys)
        assert set(hotkeys.of(name)) == set(keys)
    used = [key for rows in hotkeys.sections().values() for _, keys in rows for key in keys]
    assert len(used) == len(set(used))


def test_settings_are_written_and_read_back(tmp_path: Path) -> None:
    path = tmp_path / "new" / "settings.json"
    settings = Settings(
        hotkeys=Hotkeys().remapped("take", ["Q"]), output=Output("HDMI-1", (3840, 2160), "59.94", key=True)
    )
    settings = settings.with_recent(Path("/a/b.stage"), "http://x/live").with_recent(Path("/a/c.stage"))
    write_settings(settings, path)
    assert read_settings(path) == (settings, "")
    assert hotkeys_from({"take": ["Q"]}) == settings.hotkeys


def test_recent_shows_are_few_and_each_once() -> None:
    settings = Settings()
    for number in [*range(40), 39, 38]:
        settings = settings.with_recent(Path(f"/{number}.stage"))
    assert len(settings.recent) == 20
    assert [recent.package for recent in settings.recent[:3]] == ["/38.stage", "/39.stage", "/37.stage"]


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"delay_ms": -1}', b'{"output": {"rate": "1000"}}', b"\xff"]
)
def test_settings_that_cannot_be_used_are_told_and_kept_aside(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "settings.json"
    path.write_bytes(content)
    settings, message = read_settings(path)
    assert settings == Settings()
    assert str(path) in message
    assert (tmp_path / "settings.json.damaged").read_bytes() == content
    assert read_settings(path) == (Settings(), "")


def test_settings_live_in_the_platforms_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert tmp_path in settings_path().parents or "tracker3d" in settings_path().parts
