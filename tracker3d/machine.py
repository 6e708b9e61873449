"""What this machine can draw, show and encode, found without loading VTK or Qt.

VTK ends in a segmentation fault at the first render where the OpenGL libraries are missing, so look
before. Every finding that is not well names the package that mends it.
"""

from __future__ import annotations

import ctypes
import os
import platform
import subprocess
import sys
from dataclasses import dataclass

_EGL_LIBRARIES = {"libEGL.so.1": "libegl1", "libX11.so.6": "libx11-6", "libXcursor.so.1": "libxcursor1"}
_WINDOW_LIBRARIES = {
    "libGL.so.1": "libgl1",
    "libEGL.so.1": "libegl1",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libfontconfig.so.1": "libfontconfig1",
    "libdbus-1.so.3": "libdbus-1-3",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libXcursor.so.1": "libxcursor1",
}
_CODECS = {
    "libx264": "H.264 video (.mp4)",
    "prores_ks": "ProRes 4444 video with alpha (.mov)",
    "qtrle": "QuickTime Animation video with alpha (.mov)",
    "ffv1": "FFV1 lossless video with alpha (.mkv)",
    "libvpx-vp9": "VP9 video with alpha (.webm)",
    "exr": "OpenEXR depth mattes",
}
_KEY_REMEDY = "set LIBGL_ALWAYS_SOFTWARE=1 to render in software, or render without alpha"
_EGL_PLATFORM_DEVICE = 0x313F
_EGL_PLATFORM_SURFACELESS = 0x31DD
_PROBE = """
from vtkmodules.vtkRenderingCore import vtkRenderWindow, vtkRenderer
import vtkmodules.vtkRenderingOpenGL2
window = vtkRenderWindow()
window.SetOffScreenRendering(True)
window.SetSize(16, 16)
window.AddRenderer(vtkRenderer())
window.Render()
for line in window.ReportCapabilities().splitlines():
    if "renderer string" in line or "version string" in line:
        print(line.split(":", 1)[1].strip())
"""


@dataclass(frozen=True)
class Finding:
    """One thing looked at.

    Attributes
    ----------
    name : str
        What was looked at, such as "OpenGL".
    ok : bool
    detail : str
        What was found.
    remedy : str
        What mends it; empty when well.
    """

    name: str
    ok: bool
    detail: str
    remedy: str = ""


def opengl() -> Finding:
    """Tell quickly whether the libraries are there without which VTK makes no picture."""
    if sys.platform != "linux":
        return Finding("OpenGL", ok=True, detail=f"provided by {platform.system()}")
    missing = _missing(_EGL_LIBRARIES)
    if missing:
        return Finding(
            "OpenGL", ok=False, detail=f"missing {', '.join(missing)}", remedy=_install(missing, drivers=True)
        )
    if not _egl_has_driver():
        return Finding("OpenGL", ok=False, detail="no OpenGL driver starts", remedy=_driver_remedy())
    return Finding("OpenGL", ok=True, detail="libEGL and a driver found")


def opengl_probe(*, timeout_s: float = 60.0) -> Finding:
    """Draw a first frame in another process and tell which driver did it, or that it crashed."""
    quick = opengl()
    if not quick.ok:
        return quick
    try:
        probe = subprocess.run(  # noqa: S603 (our own text, our own interpreter)
            [sys.executable, "-c", _PROBE], capture_output=True, text=True, timeout=timeout_s, check=False
        )
    except subprocess.TimeoutExpired:
        return Finding(
            "OpenGL", ok=False, detail=f"no picture within {timeout_s:.0f} s", remedy=_driver_remedy()
        )
    if probe.returncode != 0 or not probe.stdout.strip():
        how = f"signal {-probe.returncode}" if probe.returncode < 0 else f"exit code {probe.returncode}"
        return Finding(
            "OpenGL", ok=False, detail=f"the first picture failed ({how})", remedy=_driver_remedy()
        )
    lines = probe.stdout.split("\n")
    return Finding("OpenGL", ok=True, detail="; ".join(line for line in lines if line))


def keying_probe(*, timeout_s: float = 60.0) -> Finding:
    """Draw pictures with alpha in another process and tell whether they key over anything."""
    try:
        probe = subprocess.run(
            [sys.executable, "-m", "tracker3d.render.keying"],
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Finding("alpha", ok=False, detail=f"no picture within {timeout_s:.0f} s", remedy=_KEY_REMEDY)
    if probe.returncode == 0:
        return Finding("alpha", ok=True, detail=f"keys: {probe.stdout.strip()}")
    detail = probe.stdout.strip() or f"the test picture failed (exit code {probe.returncode})"
    return Finding("alpha", ok=False, detail=f"does not key: {detail}", remedy=_KEY_REMEDY)


def display() -> Finding:
    """Tell whether there is a display, and the libraries that Qt loads to open a window on it."""
    if sys.platform != "linux":
        return Finding("display", ok=True, detail=f"provided by {platform.system()}")
    name = os.environ.get("WAYLAND_DISPLAY") or os.environ.get("DISPLAY")
    if not name:
        detail = "neither DISPLAY nor WAYLAND_DISPLAY is set"
        remedy = "start it on a desktop; `tracker3d render` and `tracker3d demo --headless DIR` need none"
        return Finding("display", ok=False, detail=detail, remedy=remedy)
    missing = _missing(_WINDOW_LIBRARIES)
    if missing:
        return Finding("display", ok=False, detail=f"missing {', '.join(missing)}", remedy=_install(missing))
    return Finding("display", ok=True, detail=name)


def codecs() -> tuple[Finding, ...]:
    """Tell which video encoders the installed PyAV brings."""
    import av

    found = av.codecs_available
    return tuple(
        Finding("codec", ok=True, detail=f"{codec}: {use}")
        if codec in found
        else Finding(
            "codec", ok=False, detail=f"{codec} is missing: {use}", remedy="pip install --force-reinstall av"
        )
        for codec, use in _CODECS.items()
    )


def _egl_has_driver() -> bool:
    """Ask libEGL itself, since it loads well without any driver and VTK then crashes.

    Every device that it lists (EGL_EXT_device_enumeration), then Mesa's surfaceless platform.
    """
    egl = ctypes.CDLL("libEGL.so.1")
    egl.eglGetProcAddress.restype = ctypes.c_void_p
    egl.eglGetProcAddress.argtypes = [ctypes.c_char_p]
    egl.eglGetPlatformDisplay.restype = ctypes.c_void_p
    egl.eglGetPlatformDisplay.argtypes = [ctypes.c_uint, ctypes.c_void_p, ctypes.c_void_p]
    egl.eglInitialize.argtypes = [ctypes.c_void_p] * 3
    candidates: list[tuple[int, int | None]] = []
    address = egl.eglGetProcAddress(b"eglQueryDevicesEXT")
    if address:
        query = ctypes.CFUNCTYPE(ctypes.c_uint, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)(address)
        devices, count = (ctypes.c_void_p * 16)(), ctypes.c_int(0)
        if query(len(devices), devices, ctypes.byref(count)):
            candidates += [(_EGL_PLATFORM_DEVICE, device) for device in devices[: count.value]]
    candidates.append((_EGL_PLATFORM_SURFACELESS, None))
    for platform_code, device in candidates:
        shown = egl.eglGetPlatformDisplay(platform_code, device, None)
        if shown and egl.eglInitialize(shown, None, None):
            return True
    return False


def _missing(libraries: dict[str, str]) -> dict[str, str]:
    missing = {}
    for library, package in libraries.items():
        try:
            ctypes.CDLL(library)
        except OSError:
            missing[library] = package
    return missing


def _install(missing: dict[str, str], *, drivers: bool = False) -> str:
    packages = {_package(package) for package in missing.values()}
    if drivers:
        packages.add("libgl1-mesa-dri")
    return f"apt-get install {' '.join(sorted(packages))}"


def _driver_remedy() -> str:
    return "apt-get install libegl1 libgl1-mesa-dri libxcursor1, or mend the graphics driver"


def _package(name: str) -> str:
    """Debian 13 and Ubuntu 24.04 renamed the package of GLib."""
    if name != "libglib2.0-0":
        return name
    try:
        release = platform.freedesktop_os_release()
        newer = float(release.get("VERSION_ID", "0")) >= (24.04 if release.get("ID") == "ubuntu" else 13)
    except (OSError, ValueError):
        newer = False
    return "libglib2.0-0t64" if newer else name
