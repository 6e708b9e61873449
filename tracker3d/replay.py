"""One function that joins a stage package and a feed into everything the scene asks for."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tracker3d.errors import FeedError, InputError
from tracker3d.feed import FixFlag, read_feed_and_reports
from tracker3d.progress import silent
from tracker3d.race import Race
from tracker3d.race.roster import with_feed_facts
from tracker3d.race.time_trial import TimeTrial
from tracker3d.stage import nearest_on_route, open_package
from tracker3d.track import Motion, Tracks, Verdict, put_on_road

if TYPE_CHECKING:
    from pathlib import Path

    from tracker3d.feed import Fixes
    from tracker3d.progress import Progress
    from tracker3d.stage import StagePackage
    from tracker3d.stage.model import Stage

_FIT_MEDIAN_M = 60.0
"""Where half of the positions lie farther off, they were not ridden on this road."""

_FIT_SAMPLES = 5000

_NOTHING = np.empty(0)
_NO_TRACKS = Tracks(
    bibs=_NOTHING.astype(np.int32),
    time_ms=_NOTHING.astype(np.int64),
    rider=_NOTHING.astype(np.int32),
    lon_deg=_NOTHING,
    lat_deg=_NOTHING,
    distance_m=_NOTHING,
    lateral_m=_NOTHING,
    speed_mps=_NOTHING,
    verdict=_NOTHING.astype(np.uint8),
)


@dataclass(frozen=True)
class Replay:
    """A recorded race on its stage.

    Attributes
    ----------
    package : StagePackage
        With what the feed says of jerseys and vehicles, and with everybody who sends a position, in
        ``package.stage``.
    fixes_refused : dict of str to int
        Rows of the feed that could not be decoded, by cause.
    tracks : Tracks
    motion : Motion
    race : Race
    """

    package: StagePackage
    fixes_refused: dict[str, int]
    tracks: Tracks
    motion: Motion
    race: Race

    def lines(self) -> list[str]:
        """Return what was read, what was left out and how well it fits the road, a plain line each."""
        tracks = self.tracks
        accepted = tracks.verdict < Verdict.OFF_ROAD
        lateral_m = np.abs(tracks.lateral_m[accepted])
        read = f"{len(tracks):,} fixes of {len(tracks.bibs)} riders and vehicles"
        fit = f"{np.mean(accepted):.1%} accepted, median {np.median(lateral_m):.1f} m from the road"
        lines = [f"{read}, {fit}"]
        rejected = {
            verdict.name.replace("_", " ").lower(): int(np.count_nonzero(tracks.verdict == verdict))
            for verdict in Verdict
            if not verdict.accepted
        }
        for title, counts in (
            ("rejected", rejected),
            ("left out", tracks.dropped),
            ("not readable", self.fixes_refused),
        ):
            said = ", ".join(f"{count:,} {cause}" for cause, count in counts.items() if count)
            if said:
                lines.append(f"{title}: {said}")
        return lines


def as_common_start(replay: Replay) -> Replay:
    """Return a time trial as if everybody had started together, to be shown like any race.

    Raises
    ------
    InputError
        The stage is no time trial, or nobody's start is known.
    """
    stage = replay.package.stage
    if not stage.time_trial:
        raise InputError(f"{stage.name} is no time trial, whose riders could start together; leave that out.")
    race = TimeTrial(replay.race).common_start()
    if race.end_ms <= race.start_ms:
        raise InputError(f"No start is known in the recording of {stage.name}; give one with positions.")
    return dataclasses.replace(
        replay, package=dataclasses.replace(replay.package, stage=race.stage), race=race
    )


def open_replay(
    package_path: Path, feed_path: Path | None, *, strict: bool = False, progress: Progress | None = None
) -> Replay:
    """Open a stage package and put a recorded feed on its road.

    Parameters
    ----------
    package_path : Path
        A ``.stage`` package.
    feed_path : Path or None
        Anything that :func:`tracker3d.feed.read_feed` reads; None for a race in which nobody rides.
    strict : bool
        Refuse a feed of which anything cannot be used.
    progress : Progress, optional

    Raises
    ------
    PackageError
        The package cannot be used.
    InputError, FeedError
        The feed cannot be used, or was not ridden on this road.
    """
    tell = progress or silent
    tell("opening the stage", 0.0)
    return replay_on(open_package(package_path), feed_path, strict=strict, progress=tell)


def replay_on(
    package: StagePackage, feed_path: Path | None, *, strict: bool = False, progress: Progress = silent
) -> Replay:
    """Put a recorded feed on the road of a package that is open; see :func:`open_replay`."""
    if feed_path is None:
        motion = Motion(_NO_TRACKS, package.stage.route)
        return Replay(package, {}, _NO_TRACKS, motion, Race(package.stage, motion))
    progress("reading the feed", 0.15)
    fixes, reports = read_feed_and_reports(feed_path, stage=package.stage, strict=strict)
    progress("putting riders on the road", 0.4)
    _check_road(fixes, package.stage, feed_path)
    tracks = put_on_road(fixes, package.stage)
    if not (tracks.verdict < Verdict.OFF_ROAD).any():
        raise FeedError(
            f"No position in {feed_path} lies on the road of {package.stage.name}; give its own feed."
        )
    progress("working out gaps and groups", 0.7)
    stage = with_feed_facts(package.stage, fixes)
    motion = Motion(tracks, stage.route)
    race = Race(stage, motion, reports=reports)
    progress("ready", 1.0)
    return Replay(dataclasses.replace(package, stage=stage), fixes.refused, tracks, motion, race)


def _check_road(fixes: Fixes, stage: Stage, feed_path: Path) -> None:
    """Refuse a feed that was not ridden on this road: a route drawn before the race can be another road."""
    live = np.flatnonzero((fixes.flags & FixFlag.PARKED) == 0)
    if not len(live):
        raise FeedError(f"{feed_path} holds parked trackers only; give a recording of the race.")
    sample = live[:: max(1, len(live) // _FIT_SAMPLES)]
    x_m, y_m = stage.frame.to_local(fixes.lon_deg[sample], fixes.lat_deg[sample])
    median_m = float(np.median(nearest_on_route(stage.route, x_m, y_m)[1]))
    if median_m > _FIT_MEDIAN_M:
        raise FeedError(
            f"The positions in {feed_path} lie {median_m:,.0f} m off the road of {stage.name} (median); "
            "prepare the stage from this recording or from the route that was raced."
        )
