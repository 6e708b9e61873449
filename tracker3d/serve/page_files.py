"""The files of the page: built from npm packages when the program is, never fetched while it runs."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

from tracker3d.serve.stage_files import StageFile

if TYPE_CHECKING:
    from collections.abc import Iterator

HOW_TO_BUILD = "The page is not built; run `make page`, or install a released wheel."
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}
_WEIGHTS = ("Regular", "Semibold", "Bold")


def page_files() -> dict[str, StageFile]:
    """Return the built page by path, with its typeface; empty where it is not built."""
    built = resources.files("tracker3d.serve") / "built"
    if not (built / "index.html").is_file():
        return {}
    files = {
        entry.name: StageFile.of(_TYPES[suffix], entry.read_bytes())
        for entry in built.iterdir()
        if (suffix := entry.name[entry.name.rfind(".") :]) in _TYPES
    }
    files.update(_fonts())
    return files


def _fonts() -> Iterator[tuple[str, StageFile]]:
    folder = resources.files("font_source_sans_pro") / "files"
    for weight in _WEIGHTS:
        data = (folder / f"SourceSansPro-{weight}.ttf").read_bytes()
        yield f"fonts/{weight}.ttf", StageFile.of("font/ttf", data)
