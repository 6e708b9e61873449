"""Opens a GLB with three.js in headless Chromium and brings back positions and pictures."""

from __future__ import annotations

import base64
import http.server
import json
import shutil
import subprocess
import threading
from pathlib import Path
from typing import Any

PAGE = Path(__file__).resolve().parent.parent / "tools" / "viewer.html"
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
TYPES = {".html": "text/html", ".js": "text/javascript"}


def browser() -> str | None:
    return next(
        (
            found
            for name in ("chromium", "chromium-browser", "google-chrome")
            if (found := shutil.which(name))
        ),
        None,
    )


def view(
    glb: Path, jobs: list[dict[str, Any]], *, modules: Path, profile: Path, timeout_s: float = 90
) -> dict[str, Any]:
    """Run ``jobs`` (see the page) on a file; pictures come back as PNG bytes.

    Jobs with ``every_s`` bring ``tracks``, (nodes, seconds, 3) float32 as bytes.
    """
    command = browser()
    assert command is not None
    done = threading.Event()
    reports: list[dict[str, Any]] = []
    tracks: list[bytes] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path == "/":
                body, kind = PAGE.read_bytes(), "text/html"
            elif self.path == "/model.glb":
                body, kind = glb.read_bytes(), "model/gltf-binary"
            elif self.path == "/jobs.json":
                body, kind = json.dumps(jobs).encode(), "application/json"
            elif self.path.startswith("/three/") and (modules / self.path[1:]).is_file():
                body, kind = (
                    (modules / self.path[1:]).read_bytes(),
                    TYPES.get(Path(self.path).suffix, "text/plain"),
                )
            else:
                self.send_error(404)
                return
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(204)
            self.end_headers()
            if self.path == "/tracks":
                tracks.append(body)
                return
            reports.append(json.loads(body))
            done.set()

        def log_message(self, *arguments: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        address = f"http://127.0.0.1:{server.server_address[1]}/"
        process = subprocess.Popen(
            [command, *FLAGS, f"--user-data-dir={profile}", address],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            done.wait(timeout_s)
        finally:
            process.terminate()
            process.wait(timeout=10)
            server.shutdown()
            serving.join()
    if not reports:
        raise TimeoutError(f"the page did not answer within {timeout_s} s")
    report = reports[0]
    every = iter(tracks)
    for job, result in zip(jobs, report.get("results", []), strict=False):
        if "every_s" in job:
            result["tracks"] = next(every)
        if "picture" in result:
            result["picture"] = base64.b64decode(result["picture"].partition(",")[2])
    return report
