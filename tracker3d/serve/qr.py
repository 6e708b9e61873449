"""An address as a code that phones read."""

from __future__ import annotations

import io

import segno


def qr_svg(address: str) -> bytes:
    """Return the code as a picture, dark on white, with the quiet border that readers need."""
    stream = io.BytesIO()
    segno.make(address, error="m", micro=False).save(stream, kind="svg", scale=8, border=4, light="white")
    return stream.getvalue()


def qr_text(address: str) -> str:
    """Return the code in half blocks for a terminal."""
    stream = io.StringIO()
    segno.make(address, error="l", micro=False).terminal(stream, compact=True, border=2)
    return stream.getvalue()
