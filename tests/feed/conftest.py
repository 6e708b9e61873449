"""A stage that the decoders ask for its day and kind, and frames in the feed's own form."""

from __future__ import annotations

import gzip
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from terrain import LocalFrame
from tracker3d.stage.model import Stage
from tracker3d.stage.route import Route

if TYPE_CHECKING:
    from collections.abc import Callable

sys.path.insert(0, str(Path(__file__).parent))

STAMP = 1_783_420_242


def a_stage(*, time_trial: bool = False) -> Stage:
    """A stage of 7 July 2026 on a straight road."""
    frame, flat = LocalFrame(1.5, 43.0), np.zeros(201)
    route = Route(
        frame=frame,
        start_m=0.0,
        step_m=5.0,
        finish_m=1000.0,
        x_m=np.arange(201) * 5.0,
        y_m=flat,
        height_m=flat,
        z_drawn_m=flat,
        on_structure=flat > 0,
        covered=flat > 0,
    )
    return Stage(
        name="Test",
        date="2026-07-07",
        timezone="Europe/Paris",
        frame=frame,
        route=route,
        time_trial=time_trial,
    )


def a_row(bib: int = 1, **more: Any) -> dict[str, Any]:
    """One rider of a frame."""
    return {
        "Bib": bib,
        "Latitude": 43.0,
        "Longitude": 1.5 + bib / 1e4,
        "kph": 36.0,
        "kmToFinish": 12.5,
        "secToFirstRider": 4,
        **more,
    }


def an_event(*rows: dict[str, Any], stamp: float | None = STAMP, **more: Any) -> str:
    """The text of a stream event with one frame."""
    data = {"Riders": list(rows), **more}
    if stamp is not None:
        data["TimeStamp"] = stamp
    return json.dumps({"bind": "telemetryCompetitor-2026", "data": data})


@pytest.fixture
def stage() -> Stage:
    return a_stage()


@pytest.fixture
def time_trial() -> Stage:
    return a_stage(time_trial=True)


@pytest.fixture
def row() -> Callable[..., dict[str, Any]]:
    return a_row


@pytest.fixture
def event() -> Callable[..., str]:
    return an_event


@pytest.fixture
def recording(tmp_path: Path) -> Callable[..., Path]:
    """Write event texts as a recording."""

    def write(*events: str) -> Path:
        document = {
            "version": 1,
            "meta": {},
            "rest": {},
            "events": [{"dt": 1000, "data": text} for text in events],
        }
        path = tmp_path / "race.json.gz"
        path.write_bytes(gzip.compress(json.dumps(document).encode()))
        return path

    return write
