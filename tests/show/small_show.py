"""A road of 9 km over one hill with ten riders, as package and recording; and random edits."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from terrain import GroundLine, build_ground
from tracker3d.race.events import Event, EventKind, Review
from tracker3d.scene.camera import CameraShot, CameraTimeline, FixedCamera, parse_camera
from tracker3d.scene.model import CameraPose
from tracker3d.show import EndBehaviour, Shot
from tracker3d.stage import Place, PlaceKind, Rider, Stage, Team, build_route, save_package

if TYPE_CHECKING:
    from pathlib import Path

    from tracker3d.show import ShowDocument

START_MS = int(datetime(2026, 7, 7, 11, 0, tzinfo=UTC).timestamp() * 1000)
BEHIND_S = {1: 0.0, 2: 1.5, **{bib: 60.0 + 0.5 * (bib - 3) for bib in range(3, 11)}}


def write_small_stage(folder: Path) -> tuple[Path, Path]:
    """Write package and feed; two riders are a minute in front of eight, all at 10 m/s."""
    along = np.linspace(0.0, 1.0, 400)
    lon = 1.5 + 0.1 * along + 0.004 * np.sin(12.0 * along)
    lat = 42.9 + 0.01 * np.sin(6.0 * along)
    built = build_route(lon, lat, 400.0 + 350.0 * np.sin(np.pi * along) ** 2)
    route = built.route
    ground = build_ground(
        route.frame, line=GroundLine(route.x_m, route.y_m, route.height_m), half_width_m=900.0
    )
    route = route.on_ground(
        z_drawn_m=ground.z_drawn_m, on_structure=ground.on_structure, covered=ground.covered
    )
    stage = Stage(
        name="Here > There",
        date="2026-07-07",
        timezone="Europe/Paris",
        frame=route.frame,
        route=route,
        start_time_ms=START_MS,
        places=(
            Place(PlaceKind.SPRINT, "Village", 2000.0, float(route.height(2000.0))),
            Place(PlaceKind.FINISH, "There", route.finish_m, float(route.height(route.finish_m))),
        ),
        teams=(Team("UAD", "UAE Team", (220, 30, 40)),),
        riders=tuple(Rider(bib, "Ann", f"RIDER{bib}", "UAD", "BEL") for bib in BEHIND_S),
    )
    save_package(folder / "small.stage", stage=stage, ground=ground)
    rows = ["time_utc,bib,lat,lon,speed_mps"]
    for second in range(0, int(route.finish_m / 10.0) + 200, 4):
        when = datetime.fromtimestamp(START_MS / 1000 + second, UTC).isoformat()
        for bib, behind_s in BEHIND_S.items():
            distance_m = 10.0 * (second - behind_s)
            if 0.0 <= distance_m <= route.finish_m:
                at_lon, at_lat = route.lonlat(distance_m)
                rows.append(f"{when},{bib},{float(at_lat):.7f},{float(at_lon):.7f},10.0")
    (folder / "small.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return folder / "small.stage", folder / "small.csv"


EDITS = (
    "add", "change", "remove", "move shot", "entry", "no entry", "move entry", "rename group", "lock",
    "merge", "split", "take back", "event", "pin", "unpin", "title", "timeline",
)  # fmt: skip


def edited(document: ShowDocument, edit: str, number: int) -> ShowDocument:
    """Return a document after one edit of a kind, which may find nothing to change."""
    shots, rundown = document.shots, document.rundown
    some = shots[number % len(shots)] if shots else None
    said = document.overrides
    bibs, from_ms = (1 + number % 5, 6 + number % 4), START_MS + number
    event = Event(EventKind.ATTACK, START_MS + number % 7, (1,), 100.0, 0.9, START_MS)
    if edit == "add":
        key = document.new_key(f"Shot {number % 9}")
        return document.with_shot(Shot(key, camera="orbit:peloton", duration_s=float(number % 20)), at=0)
    if edit == "change" and some is not None:
        return document.with_shot(dataclasses.replace(some, name=f"Name {number}", end=EndBehaviour.LOOP))
    if edit == "timeline" and some is not None:
        parts = (
            CameraShot(parse_camera("overview"), 0.0, 2.0 + number % 5),
            CameraShot(FixedCamera(CameraPose(np.array([1.0, 2.0, 3000.0]), np.zeros(3))), 10.0, 5.0),
        )
        return document.with_shot(dataclasses.replace(some, camera=CameraTimeline(parts)))
    if edit == "remove" and some is not None:
        return document.without_shot(some.key)
    if edit == "move shot" and some is not None:
        return document.with_moved_shot(some.key, number % 7)
    if edit == "entry" and some is not None:
        return document.with_entry(some.key, number % (len(rundown) + 1))
    if edit == "no entry" and rundown:
        return document.without_entry(number % len(rundown))
    if edit == "move entry" and rundown:
        return document.with_moved_entry(number % len(rundown), number % 5)
    if edit == "rename group":
        return document.with_overrides(said.rename(number % 4, f"Group {number}", from_ms=from_ms))
    if edit == "lock":
        return document.with_overrides(said.lock(number % 4, bibs, from_ms=from_ms))
    if edit == "merge":
        return document.with_overrides(said.merge(0, 1, from_ms=from_ms))
    if edit == "split":
        return document.with_overrides(said.split(number % 3, bibs, from_ms=from_ms))
    if edit == "take back" and said:
        return document.with_overrides(said.without(said.items[number % len(said.items)].number))
    if edit == "event":
        return document.with_review(document.review.with_said(event, list(Review)[number % 3]))
    if edit in ("pin", "unpin"):
        return document.with_pinned(1 + number % 10, pinned=edit == "pin")
    if edit == "title":
        return dataclasses.replace(document, title=f"Title {number % 3}")
    return document
