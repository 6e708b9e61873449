"""``tracker3d events``, ``passages``, ``classification`` and ``arrivals``: what happened and will."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from tracker3d.commands.console import progress_shown, say
from tracker3d.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tracker3d.race.tables import Row
    from tracker3d.replay import Replay

_LISTED = 10


def events(
    package: Path,
    /,
    *,
    feed: Path,
    output: Annotated[Path | None, Parameter(name=["--output", "-o"])] = None,
    least_confidence: float = 0.0,
) -> int:
    """List what happened: attacks, splits, catches, dropped and stopped riders, summits, sprints, the finish.

    Parameters
    ----------
    package
        The stage package, NAME.stage.
    feed
        A recording or log of the race, positions as .csv or .jsonl, or GPX files.
    output
        OUT.json or OUT.csv instead of lines.
    least_confidence
        Leave out what is less sure than this, 0 to 1.
    """
    from tracker3d.race.tables import event_rows
    from tracker3d.race.time_trial import TimeTrial
    from tracker3d.timespec import local_clock

    replay = _opened(package, feed)
    race, stage = replay.race, replay.package.stage
    found = TimeTrial(race).events if stage.time_trial else race.events
    found = tuple(event for event in found if event.confidence >= least_confidence)
    if output is not None:
        return _write(event_rows(found, stage), output, "events")
    for event in found:
        bibs = ", ".join(str(bib) for bib in event.bibs[:_LISTED])
        more = f" and {len(event.bibs) - _LISTED} more" if len(event.bibs) > _LISTED else ""
        to_go_km = max(stage.route.finish_m - event.distance_m, 0.0) / 1000.0
        gap = f", {event.gap_s:.0f} s" if event.gap_s == event.gap_s else ""
        where = f"{event.place}, " if event.place else ""
        kind = event.kind.value.replace("_", " ")
        say(
            f"{local_clock(event.time_ms, stage)}  {kind:<10}  {where}{to_go_km:.1f} km to go: "
            f"{bibs}{more}{gap}  ({event.confidence:.0%} sure)"
        )
    return 0


def passages(
    package: Path,
    /,
    *,
    feed: Path,
    output: Annotated[Path | None, Parameter(name=["--output", "-o"])] = None,
) -> int:
    """List who passed sprints, summits, time checks and the finish, in order with times.

    Parameters
    ----------
    package
        The stage package, NAME.stage.
    feed
        A recording or log of the race, positions as .csv or .jsonl, or GPX files.
    output
        OUT.json or OUT.csv with everybody, instead of lines with the first ten of each place.
    """
    from tracker3d.race.tables import passage_rows

    rows = passage_rows(_opened(package, feed).race)
    if output is not None:
        return _write(rows, output, "passages")
    heading = None
    for row in rows:
        if heading != (row["place"], row["kind"]):
            heading = (row["place"], row["kind"])
            say(f"{row['place']} ({row['kind'].replace('_', ' ')}, km {row['km']:.1f})")
        if row["position"] <= _LISTED:
            when = f"{row['time_s']:.1f} s" if "time_s" in row else row["time_utc"][11:19] + " UTC"
            say(f"  {row['position']:>3}  {row['bib']:>3} {row['name']:<24} {when}  +{row['gap_s']:.1f} s")
    return 0


def classification(
    package: Path,
    /,
    *,
    feed: Path,
    before: Path | None = None,
    at: str | None = None,
    output: Annotated[Path | None, Parameter(name=["--output", "-o"])] = None,
) -> int:
    """Compute the virtual general classification: times before the stage plus the gaps at a moment.

    Parameters
    ----------
    package
        The stage package, NAME.stage.
    feed
        A recording or log of the race, positions as .csv or .jsonl, or GPX files.
    before
        A .csv with the columns bib and time: seconds or H:MM:SS before this stage. Left out: the times that
        the package was prepared with.
    at
        ISO 8601 with zone, the race's local time 16:00:00, or kilometres to go as 35.2km; else the end.
    output
        OUT.json or OUT.csv instead of lines.
    """
    from tracker3d.race.classification import virtual_classification
    from tracker3d.race.tables import classification_rows
    from tracker3d.race.time_trial import TimeTrial

    before_s = _times(package, before)
    replay = _opened(package, feed)
    race, stage = replay.race, replay.package.stage
    time_ms = _moment(replay, at)
    gap_s = TimeTrial(race).against_best_s(time_ms) if stage.time_trial else None
    standing = virtual_classification(race, race.at(time_ms), before_s, gap_s=gap_s)
    rows = classification_rows(standing, stage)
    if output is not None:
        return _write(rows, output, "riders")
    if standing.virtual:
        say("Virtual general classification, without bonuses:")
    for row in rows:
        moved = row["position_before"] - row["position"]
        say(
            f"{row['position']:>3}  {row['bib']:>3} {row['name']:<24} +{row['behind_s']:.0f} s"
            + (f"  ({moved:+d})" if moved else "")
        )
    if standing.unknown:
        say("Not known now: " + ", ".join(str(bib) for bib in standing.unknown))
    return 0


def arrivals(
    package: Path,
    /,
    *,
    feed: Path,
    at: str | None = None,
    output: Annotated[Path | None, Parameter(name=["--output", "-o"])] = None,
) -> int:
    """Estimate when the first of each group, or each rider of a time trial, will finish: from when to when.

    Parameters
    ----------
    package
        The stage package, NAME.stage.
    feed
        A recording or log of the race, positions as .csv or .jsonl, or GPX files.
    at
        ISO 8601 with zone, the race's local time 16:00:00, or kilometres to go as 35.2km; else the end.
    output
        OUT.json or OUT.csv instead of lines.
    """
    from tracker3d.race.tables import arrival_rows
    from tracker3d.timespec import local_clock

    replay = _opened(package, feed)
    stage = replay.package.stage
    rows = arrival_rows(replay.race, _moment(replay, at))
    if output is not None:
        return _write(rows, output, "arrivals")
    for row in rows:
        times = [local_clock(row[f"{name}_ms"], stage) for name in ("earliest", "likely", "latest")]
        others = f" and {row['riders'] - 1} more" if row["riders"] > 1 else ""
        say(f"{times[0]} - {times[2]}  (likely {times[1]})  {row['bib']:>3} {row['name']}{others}")
    if not rows:
        say("Nobody has ridden far enough to tell.")
    return 0


def _opened(package: Path, feed: Path) -> Replay:
    from tracker3d.replay import open_replay

    with progress_shown() as progress:
        return open_replay(package, feed, progress=progress)


def _times(package: Path, before: Path | None) -> dict[int, float]:
    """Return the times before the stage: of a table where one is given, else the package's own."""
    from tracker3d.stage.package import read_contents
    from tracker3d.stage.times import read_times, times_before

    if before is not None:
        return read_times(before)
    times_s = times_before(read_contents(package).stage.riders)
    if not times_s:
        raise InputError(
            f"{package} holds no times before the stage; give them with --before TIMES.csv, "
            "here or when the stage is prepared."
        )
    return times_s


def _moment(replay: Replay, at: str | None) -> int:
    """Return the time that was asked for, or the end of the race."""
    from tracker3d.timespec import parse_time

    race = replay.race
    return race.end_ms if at is None else parse_time(at, stage=replay.package.stage, race=race)


def _write(rows: Sequence[Row], output: Path, what: str) -> int:
    from tracker3d.race.tables import write_rows

    write_rows(rows, output)
    say(f"{len(rows)} {what} written: {output}")
    return 0
