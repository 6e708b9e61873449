"""Tools from npm, by lock file, in the user's cache."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

TOOLS = Path(__file__).resolve().parent.parent / "tools"
INSTALL_S = 120


class NotHereError(Exception):
    """The tools cannot be had; the text says why."""


def installed() -> Path:
    """Return the folder of installed packages, after installing them where they are missing."""
    npm = shutil.which("npm")
    if npm is None or shutil.which("node") is None:
        raise NotHereError("node and npm are not here: exported files are not checked by other readers")
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "tracker3d-test-tools"
    lock = (TOOLS / "package-lock.json").read_bytes()
    if (cache / "package-lock.json").is_file() and (cache / "package-lock.json").read_bytes() == lock:
        return cache / "node_modules"
    cache.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix="tracker3d-test-tools.", dir=cache.parent))
    try:
        _install(npm, scratch)
        shutil.rmtree(cache, ignore_errors=True)
        scratch.rename(cache)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return cache / "node_modules"


def _install(npm: str, folder: Path) -> None:
    for name in ("package.json", "package-lock.json"):
        shutil.copy(TOOLS / name, folder)
    command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=INSTALL_S)
    except subprocess.TimeoutExpired as error:
        raise NotHereError(f"npm ci gave no answer within {INSTALL_S} s") from error
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:]
        raise NotHereError(f"npm ci cannot install the tools of tests: {' '.join(last)}")


class DamagedError(Exception):
    """A packed file cannot be unpacked."""


def unpacked(path: Path, node_modules: Path, target: Path) -> Path:
    """Write a file without its compression, by the decoder of three.js."""
    node = shutil.which("node")
    assert node is not None
    command = [node, str(TOOLS / "unpack.mjs"), str(node_modules), str(path), str(target)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    if done.returncode:
        raise DamagedError(done.stderr.strip().splitlines()[-1] if done.stderr else "no reason given")
    return target


def validated(path: Path, node_modules: Path) -> dict[str, Any]:
    """Return the Khronos validator's report on a file."""
    node = shutil.which("node")
    assert node is not None
    command = [node, str(TOOLS / "validate.mjs"), str(node_modules), str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return report
