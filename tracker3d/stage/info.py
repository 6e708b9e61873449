"""What a file or folder holds and what is wrong with it, for ``tracker3d info``."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import msgspec

from tracker3d.errors import InputError, RouteError
from tracker3d.stage.inputs import read_bounded
from tracker3d.stage.model import PlaceKind
from tracker3d.stage.times import times_before

if TYPE_CHECKING:
    from pathlib import Path

    from tracker3d.stage.model import Place, Stage
    from tracker3d.stage.racecenter import Recording
    from tracker3d.stage.source import Source

_POSITIONS_BIND = "telemetryCompetitor"


@dataclass(frozen=True)
class Info:
    """What something holds.

    Attributes
    ----------
    path : Path
    kind : str
        "stage package", "recording", "route", "elevation" or "imagery".
    facts : dict
        Plain values by name; what ``--json`` prints.
    statements : tuple of str
        The same for people, one line each.
    problems : tuple of str
        What is wrong with it, one sentence each.
    """

    path: Path
    kind: str
    facts: dict[str, Any] = field(default_factory=dict)
    statements: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()

    def lines(self) -> list[str]:
        """Return everything as lines for a console."""
        head = f"{self.path}: {self.kind}"
        return [
            head,
            *(f"  {line}" for line in self.statements),
            *(f"  Problem: {text}" for text in self.problems),
        ]

    def as_dict(self) -> dict[str, Any]:
        """Return everything as plain values that JSON can hold."""
        return {"path": str(self.path), "kind": self.kind, **self.facts, "problems": list(self.problems)}


def describe_path(path: Path) -> Info:
    """Say what a stage package, recording, route or elevation file holds.

    Raises
    ------
    InputError
        It is missing, damaged, or a text file of no known kind.
    terrain.TerrainError
        It is no known kind of elevation file either.
    """
    from tracker3d.stage.package import SUFFIX, is_package

    if not path.exists():
        raise InputError(f"{path} does not exist; check the path.")
    if path.is_dir() and (is_package(path) or path.suffix == SUFFIX):
        return _package_info(path)
    if path.is_dir() or not _may_be_text(path):
        return _elevation_info(path)
    content = read_bounded(path)
    from tracker3d.stage.racecenter import decode_recording, looks_like_recording

    if looks_like_recording(content):
        return _recording_info(decode_recording(content, path))
    if content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"<", b"{", b"["):
        from tracker3d.stage.reading import decode_source

        return _route_info(decode_source(content, path))
    return _elevation_info(path)


def _may_be_text(path: Path) -> bool:
    """Whether the first bytes are a gzip or begin a text in XML or JSON; rasters begin otherwise."""
    from terrain.finding import looks_like_rasters

    try:
        with path.open("rb") as stream:
            head = stream.read(4096)
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); check its permissions.") from error
    if not head:
        raise InputError(f"{path} is empty; copy or download it again.")
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(b"<VRTDataset") or looks_like_rasters(path):
        return False
    return head.startswith(b"\x1f\x8b") or (text[:1] in (b"<", b"{", b"[") and b"\x00" not in head)


def _package_info(path: Path) -> Info:
    from tracker3d.stage.package import open_package

    package = open_package(path)
    stage, route = package.stage, package.stage.route
    riders = sum(not rider.vehicle for rider in stage.riders)
    levels, stretch = package.ground.levels, stage.frame.vertical_exaggeration
    facts = {
        **_stage_facts(stage),
        "made_at": package.made_at,
        "sources": [{"name": s.name, "role": s.role, "sha256": s.sha256} for s in package.sources],
        "ground_levels": levels,
        "look": package.ground.look.value,
        "vertical_exaggeration": stretch,
        "ground_tiles": len(package.ground.tree),
    }
    simulated = " (simulated)" if stage.simulated else ""
    made_from = ", ".join(source.name for source in package.sources) or "nothing named"
    statements = [
        f"{stage.name}{simulated}, {stage.date or 'no date'}, {stage.timezone}",
        f"Road: {route.finish_m / 1000:.2f} km, {route.ascent_m:,.0f} m of climbing",
        *_place_lines(stage.places),
        f"{riders} riders, {len(stage.riders) - riders} vehicles, {len(stage.teams)} teams",
        f"Times before the stage: of {facts['times_before'] or 'no'} riders",
        f"Elevation data: {_covered(stage)}",
        f"Ground: {facts['ground_tiles']} tiles in {levels} levels of detail, look {package.ground.look}"
        + (f", heights × {stretch:g}" if stretch != 1.0 else ""),
        f"Made {package.made_at} from {made_from}",
        *(f"Note: {text}" for text in package.ground.messages if text not in stage.coverage.warnings),
        *(f"Credit: {credit}" for credit in stage.credits),
    ]
    return Info(path, "stage package", facts, tuple(statements), stage.coverage.warnings)


def _stage_facts(stage: Stage) -> dict[str, Any]:
    return {
        "name": stage.name,
        "date": stage.date,
        "timezone": stage.timezone,
        "start_time_ms": stage.start_time_ms,
        "time_trial": stage.time_trial,
        "simulated": stage.simulated,
        "finish_m": stage.route.finish_m,
        "start_m": stage.route.start_m,
        "ascent_m": round(stage.route.ascent_m, 1),
        "covered_m": [list(interval) for interval in stage.coverage.covered_m],
        "places": [
            {"kind": place.kind.value, "name": place.name, "distance_m": place.distance_m}
            for place in stage.places
        ],
        "riders": sum(not rider.vehicle for rider in stage.riders),
        "vehicles": sum(rider.vehicle for rider in stage.riders),
        "teams": len(stage.teams),
        "times_before": len(times_before(stage.riders)),
        "credits": list(stage.credits),
    }


def _covered(stage: Stage) -> str:
    spans = [f"km {begin / 1000:.1f} to {end / 1000:.1f}" for begin, end in stage.coverage.covered_m]
    return ", ".join(spans) or "none, the ground is at the road's own height"


def _place_lines(places: tuple[Place, ...]) -> list[str]:
    lines = []
    for place in places:
        if place.kind is PlaceKind.TOWN:
            continue
        category = f" (category {place.category})" if place.category else ""
        kind = place.kind.value.replace("_", " ")
        lines.append(
            f"km {place.distance_m / 1000:6.2f}  {kind}: {place.name}{category}, {place.height_m:.0f} m"
        )
    return lines


def _route_facts(source: Source) -> tuple[dict[str, Any], list[str], list[str]]:
    """Facts, lines and problems of a road that has not been prepared."""
    from tracker3d.stage.roadbuild import build_route

    problems = list(source.messages)
    try:
        built = build_route(*source.points.T, anchors=source.anchors)
    except RouteError as error:
        raise RouteError(f"{source.path}: {error}") from error
    route = built.route
    facts: dict[str, Any] = {
        "name": source.name,
        "points": len(source.points),
        "length_m": round(route.end_m - max(route.start_m, 0.0), 1),
        "stated_kilometres": len(source.anchors),
        "has_heights": built.has_heights,
        "bounds_deg": [
            *source.points[:, :2].min(axis=0).tolist(),
            *source.points[:, :2].max(axis=0).tolist(),
        ],
    }
    lines = [f"{source.name}: {facts['length_m'] / 1000:.2f} km in {len(source.points):,} points"]
    if built.has_heights:
        facts["ascent_m"] = round(route.ascent_m, 1)
        low_m, high_m = route.height_m.min(), route.height_m.max()
        lines.append(f"Heights {low_m:.0f} to {high_m:.0f} m, {route.ascent_m:,.0f} m of climbing")
    else:
        problems.append(
            "The road has no heights; they are taken from the elevation files when it is prepared."
        )
    if built.scale.refused:
        problems.append(
            f"{built.scale.refused} of {len(source.anchors)} stated kilometres do not fit the road."
        )
    return facts, lines, problems


def _route_info(source: Source) -> Info:
    facts, lines, problems = _route_facts(source)
    kind = {"gpx": "GPX", "geojson": "GeoJSON", "trace": "trace"}.get(source.kind, source.kind)
    return Info(
        source.path, f"route ({kind})", {"format": source.kind, **facts}, tuple(lines), tuple(problems)
    )


class _Row(msgspec.Struct, rename={"bib": "Bib", "to_first_s": "secToFirstRider"}):
    bib: int
    to_first_s: float | None = None


class _Frame(msgspec.Struct, rename={"time_s": "TimeStamp", "rows": "Riders"}):
    time_s: float = 0.0
    rows: list[_Row] = []


class _Envelope(msgspec.Struct):
    bind: str = ""
    data: msgspec.Raw = msgspec.Raw()


@dataclass
class _Count:
    """Running totals over the frames of a recording."""

    frames: int = 0
    other: int = 0
    broken: int = 0
    rows: int = 0
    parked: int = 0
    first_s: float = float("inf")
    last_s: float = float("-inf")
    bibs: set[int] = field(default_factory=set)

    def add(self, frame: _Frame) -> None:
        self.frames += 1
        self.rows += len(frame.rows)
        self.parked += sum(row.to_first_s is None for row in frame.rows)
        self.bibs.update(row.bib for row in frame.rows)
        if frame.time_s > 0.0:
            self.first_s, self.last_s = min(self.first_s, frame.time_s), max(self.last_s, frame.time_s)


def _counted(recording: Recording) -> _Count:
    count = _Count()
    envelopes, frames = msgspec.json.Decoder(_Envelope), msgspec.json.Decoder(_Frame)
    for event in recording.events:
        try:
            envelope = envelopes.decode(event)
            if not envelope.bind.startswith(_POSITIONS_BIND):
                count.other += 1
            else:
                count.add(frames.decode(envelope.data))
        except msgspec.MsgspecError:
            count.broken += 1
    return count


def _recording_info(recording: Recording) -> Info:
    from tracker3d.stage.racecenter_parts import riders_of, source_of_recording, stage_of_day, teams_of

    stage = stage_of_day(recording.rest.get("stages"), str(recording.meta.get("date", "")))
    time_trial = stage.get("showGroups") is False
    count = _counted(recording)
    parked = 0 if time_trial else count.parked
    roster, teams = riders_of(recording.rest, stage), teams_of(recording.rest)
    facts: dict[str, Any] = {
        "date": str(recording.meta.get("date") or ""),
        "simulated": recording.simulated,
        "time_trial": time_trial,
        "events": len(recording.events),
        "frames": count.frames,
        "rows": count.rows,
        "parked_rows": parked,
        "bibs_seen": len(count.bibs),
        "riders": sum(not rider.vehicle for rider in roster),
        "vehicles": sum(rider.vehicle for rider in roster),
        "teams": len(teams),
        "first_ms": round(count.first_s * 1000) if count.frames and count.last_s > 0 else None,
        "last_ms": round(count.last_s * 1000) if count.frames and count.last_s > 0 else None,
        "has_trace": False,
    }
    kinds = [
        name for name, holds in (("simulated", recording.simulated), ("time trial", time_trial)) if holds
    ]
    lines = [
        ", ".join([facts["date"] or "no date", *kinds, _span(facts, str(stage.get("timezone") or "UTC"))]),
        f"{count.frames:,} frames of positions with {count.rows:,} rows of {len(count.bibs)} bibs",
        f"{facts['riders']} riders, {facts['vehicles']} vehicles and {len(teams)} teams in the roster",
    ]
    problems = []
    if parked:
        problems.append(f"{parked:,} rows are parked: stale positions of trackers that are not in the race.")
    if count.broken:
        problems.append(f"{count.broken:,} events cannot be read and are passed over.")
    if not count.frames:
        problems.append("It holds no positions of riders.")
    try:
        road, road_lines, road_problems = _route_facts(source_of_recording(recording))
        facts |= {"has_trace": True, "road": road}
        lines += [f"Road: {road_lines[0]}", *road_lines[1:]]
        problems += road_problems
    except RouteError:
        problems.append(
            "It holds no trace of the road: prepare a stage from a GPX or GeoJSON of it, with --riders."
        )
    return Info(recording.path, "recording", facts, tuple(lines), tuple(problems))


def _span(facts: dict[str, Any], timezone: str) -> str:
    if facts["first_ms"] is None:
        return "no times"
    try:
        zone = ZoneInfo(timezone)
    except (KeyError, ValueError, OSError):
        zone = ZoneInfo("UTC")
    first, last = (dt.datetime.fromtimestamp(facts[key] / 1000, zone) for key in ("first_ms", "last_ms"))
    return f"{first:%H:%M:%S} to {last:%H:%M:%S} ({zone.key})"


def _elevation_info(path: Path) -> Info:
    import terrain

    try:
        found = terrain.describe(path)
    except terrain.ElevationFileError as error:
        return _imagery_info(path, error)
    facts = found.as_dict()
    facts["format"] = facts.pop("kind")
    return Info(path, "elevation", facts, tuple(found.lines()))


def _imagery_info(path: Path, no_elevation: Exception) -> Info:
    """Describe pictures of the land; what is neither raises the reason why it is no elevation."""
    import terrain

    try:
        drapes = terrain.open_drapes([path])
    except terrain.ElevationFileError:
        raise no_elevation from None
    facts = drapes.describe()
    many = f"{facts['files']} files, the finest " if facts["files"] != 1 else ""
    size = f"{facts['width']:,} x {facts['height']:,} pixels of about {facts['cell_m']:,.1f} m"
    north_south = f"{facts['south_deg']:.4f} to {facts['north_deg']:.4f} N"
    west_east = f"{facts['west_deg']:.4f} to {facts['east_deg']:.4f} E"
    lines = [
        f"Imagery    {many}{size}, {facts['holds']}",
        f"Area       {north_south}, {west_east}, {facts['reference_system']}",
        *(f"Note       {message}" for message in drapes.messages),
        *(f"Credit     {line}" for line in drapes.credits),
    ]
    return Info(path, "imagery", facts, tuple(lines))
