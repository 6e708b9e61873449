"""Results of a race as tables for other programs (CSV, JSON)."""

from __future__ import annotations

import csv
import io
import math
from typing import TYPE_CHECKING, Any

import msgspec

from tracker3d.errors import InputError
from tracker3d.files import written_aside
from tracker3d.race.estimate import FinishEstimator
from tracker3d.race.passages import passages_at, passed_places
from tracker3d.race.time_trial import TimeTrial
from tracker3d.timespec import iso_utc

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from tracker3d.race.classification import Classification
    from tracker3d.race.events import Event
    from tracker3d.race.race import Race
    from tracker3d.stage.model import Stage

Row = dict[str, Any]


def event_rows(events: Iterable[Event], stage: Stage) -> list[Row]:
    """Return a row for each event: kind, when, where, whom it is about, how sure, and when it was known."""
    return [
        {
            "kind": event.kind.value,
            "time_utc": iso_utc(event.time_ms),
            "km": round(event.distance_m / 1000.0, 3),
            "to_go_km": round(max(stage.route.finish_m - event.distance_m, 0.0) / 1000.0, 3),
            "place": event.place,
            "bibs": list(event.bibs),
            "others": list(event.other_bibs),
            "gap_s": _number(event.gap_s),
            "confidence": event.confidence,
            "found_utc": iso_utc(event.found_ms),
            "key": event.key,
        }
        for event in events
    ]


def passage_rows(race: Race) -> list[Row]:
    """Return a row for each rider at each sprint, summit, time check and the finish, in order.

    In a time trial the order is by time from the start.
    """
    trial = TimeTrial(race) if race.stage.time_trial else None
    names = {rider.bib: rider.display_name for rider in race.stage.riders}
    rows: list[Row] = []
    for place in passed_places(race):
        about = {"place": place.name, "kind": place.kind.value, "km": round(place.distance_m / 1000.0, 3)}
        if trial is not None:
            rows += [
                {
                    **about,
                    "position": result.position,
                    "bib": result.bib,
                    "name": names.get(result.bib, ""),
                    "time_s": round(result.time_s, 1),
                    "gap_s": round(result.behind_s, 1),
                }
                for result in trial.ranking(place)
            ]
            continue
        rows += [
            {
                **about,
                "position": passage.position,
                "bib": passage.bib,
                "name": names.get(passage.bib, ""),
                "time_utc": iso_utc(passage.time_ms),
                "gap_s": round(passage.gap_s, 1),
            }
            for passage in passages_at(race, place)
        ]
    return rows


def classification_rows(classification: Classification, stage: Stage) -> list[Row]:
    """Return a row for each classified rider; ``virtual`` says whether the race is still on."""
    names = {rider.bib: rider.display_name for rider in stage.riders}
    return [
        {
            "position": rider.position,
            "position_before": rider.position_before,
            "bib": rider.bib,
            "name": names.get(rider.bib, ""),
            "before_s": round(rider.before_s, 1),
            "gap_s": round(rider.gap_s, 1),
            "behind_s": round(rider.behind_s, 1),
            "virtual": classification.virtual,
        }
        for rider in classification.riders
    ]


def arrival_rows(race: Race, time_ms: int) -> list[Row]:
    """Return when the first rider of each group on the road is expected, front first; times in ms UTC.

    Where riders are not put into groups that is each rider by himself.
    """
    state, estimator = race.at(time_ms), FinishEstimator(race)
    names = {rider.bib: rider.display_name for rider in race.stage.riders}
    firsts = [(int(group.riders[0]), len(group.riders)) for group in state.groups]
    if not race.grouped:
        firsts = [(rider, 1) for rider in state.order.tolist()]
    rows = []
    for rider, riders in firsts:
        estimate = None if state.riders.finished[rider] else estimator.at(time_ms, rider=rider)
        if estimate is not None:
            bib = int(state.riders.bibs[rider])
            rows.append(
                {
                    "bib": bib,
                    "name": names.get(bib, ""),
                    "riders": riders,
                    "earliest_ms": estimate.earliest_ms,
                    "likely_ms": estimate.likely_ms,
                    "latest_ms": estimate.latest_ms,
                }
            )
    return rows


def write_rows(rows: Sequence[Row], path: Path) -> None:
    """Write rows as CSV or as a JSON array of objects; in CSV several bibs stand in one cell, by spaces.

    Raises
    ------
    InputError
        Another ending.
    OutputError
        It cannot be written.
    """
    ending = path.suffix.lower()
    if ending == ".json":
        content = msgspec.json.format(msgspec.json.encode(rows), indent=2)
    elif ending == ".csv":
        text = io.StringIO()
        writer = csv.DictWriter(text, list(rows[0]) if rows else [], lineterminator="\n")
        writer.writeheader()
        writer.writerows(
            {
                key: " ".join(str(item) for item in value) if isinstance(value, list) else value
                for key, value in row.items()
            }
            for row in rows
        )
        content = text.getvalue().encode()
    else:
        raise InputError(f"{path} has an ending that no table has; write to a name in .json or .csv.")
    with written_aside(path) as scratch:
        scratch.write_bytes(content)


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None
