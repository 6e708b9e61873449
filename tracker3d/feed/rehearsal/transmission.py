"""From the race to the stream: what trackers measure, what the server sends, and what goes wrong.

The faults are those of the real feed: every tick arrives twice, connections break on a grid of 30 s and
come back with old frames, holes, parked rows before the start, positions that jump for one fix, two
trackers under one bib, a tracker that falls silent, frozen frames after the finish.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage
from scipy.signal import lfilter
from scipy.spatial import cKDTree

from tracker3d.feed.rehearsal.convoy import VEHICLES
from tracker3d.feed.rehearsal.documents import KM0_M, STAGE, YEAR, start_utc_ms, to_wgs84

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from tracker3d.feed.rehearsal.convoy import Convoy
    from tracker3d.feed.rehearsal.peloton import Peloton
    from tracker3d.feed.rehearsal.road import Road
    from tracker3d.feed.rehearsal.simulation import RaceLog

    Floats = NDArray[np.float64]

TICK_S = 6
_WAITING_S = 480
_LATE_SHARE = 0.015
_FROZEN_S = 120
_LINGER_S = 240
_GRID_DEG = 5e-6
_HALF_ROAD_M = 3.4
_SPEED_LAG_S = 2.5
_EXCURSION_SHARE = 0.003
_HOLES = ((0.30, 0.38), (0.70, 0.75))
_DATA_S, _CYCLE_S = 24, 60
_SPARE_BIKE = (0.42, 0.47)
_SILENT_FROM = 0.58
_PARKED_AT = (44.9312, -30.4187)


@dataclass(frozen=True)
class _Samples:
    """What the trackers measure at each tick; (ticks, riders) unless said.

    ``time_s`` (ticks,) are whole UTC seconds. ``sent`` marks rows that reach the server.
    """

    time_s: NDArray[np.int64]
    lat_deg: Floats
    lon_deg: Floats
    kph: Floats
    km_to_finish: Floats
    behind_s: NDArray[np.int64]
    position: NDArray[np.int64]
    gradient: Floats
    finished: NDArray[np.bool_]
    sent: NDArray[np.bool_]


def transmit(
    road: Road, peloton: Peloton, log: RaceLog, convoy: Convoy, rng: np.random.Generator
) -> list[dict[str, object]]:
    """Return the events of the recording: ``{"dt": ms since the one before, "data": text}``."""
    samples = _measure(road, peloton, log, rng)
    arrivals = sorted(_arrivals(road, peloton, log, convoy, samples, rng), key=lambda item: item[0])
    events: list[dict[str, object]] = []
    before = arrivals[0][0]
    for moment_ms, text in arrivals:
        events.append({"dt": moment_ms - before, "data": text})
        before = moment_ms
    return events


def _measure(road: Road, peloton: Peloton, log: RaceLog, rng: np.random.Generator) -> _Samples:
    seconds = log.distance_m.shape[0]
    first_s = start_utc_ms() // 1000 - int(np.argmax(log.distance_m.max(axis=1) >= 0.0))
    ticks = np.arange(-first_s % TICK_S, seconds, TICK_S)
    along = log.distance_m[ticks]
    x, y = _noisy_positions(road, along + KM0_M, rng)
    lon, lat = (np.round(values / _GRID_DEG) * _GRID_DEG for values in to_wgs84(x, y))
    speed = ndimage.shift(log.speed_mps, (_SPEED_LAG_S, 0.0), order=1, mode="nearest")[ticks]
    kph = speed * 3.6 + rng.normal(0.0, 0.7, speed.shape)
    wild = rng.random(speed.shape) < 0.0005
    kph[wild] = rng.uniform(-4.0, 115.0, int(wild.sum()))
    finished = np.asarray(ticks[:, None] > log.finish_s[None, :])
    since_finish = ticks[:, None] - log.finish_s[None, :]
    return _Samples(
        time_s=ticks + first_s,
        lat_deg=lat,
        lon_deg=lon,
        kph=np.round(kph, 2),
        km_to_finish=np.round(_memoryless_to_go_m(road, x, y) / 1000.0, 2),
        behind_s=_behind_leader_s(log, ticks),
        position=_ranks(along, log.finish_s),
        gradient=np.round(
            100.0 * np.interp(along + KM0_M, road.s_m, ndimage.uniform_filter1d(road.gradient, 100)), 1
        ),
        finished=finished,
        sent=_reaches(road, peloton, along, rng) & (since_finish < _LINGER_S),
    )


def _noisy_positions(road: Road, at_m: Floats, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Lane on the road, slow GPS drift, white noise with heavy tails, and single fixes far off."""
    shape = at_m.shape
    heading = np.unwrap(np.arctan2(np.gradient(road.y_m), np.gradient(road.x_m)))
    turn = np.interp(at_m, road.s_m, heading)
    lane = np.clip(_wander(rng, shape, ticks=40.0) * 1.9, -_HALF_ROAD_M, _HALF_ROAD_M)
    x = np.interp(at_m, road.s_m, road.x_m) - lane * np.sin(turn)
    y = np.interp(at_m, road.s_m, road.y_m) + lane * np.cos(turn)
    tail = rng.standard_t(3.5, (2, *shape)) * 3.0
    far = rng.random(shape) < _EXCURSION_SHARE
    size = np.where(far, rng.uniform(50.0, 450.0, shape) * rng.random(shape), 0.0)
    side = rng.uniform(0.0, 2.0 * np.pi, shape)
    x += 4.4 * _wander(rng, shape, ticks=5.0) + tail[0] + size * np.cos(side)
    y += 4.4 * _wander(rng, shape, ticks=5.0) + tail[1] + size * np.sin(side)
    return x, y


def _wander(rng: np.random.Generator, shape: tuple[int, ...], *, ticks: float) -> Floats:
    """First-order drift of unit variance along the first axis."""
    keep = float(np.exp(-1.0 / ticks))
    noise = rng.standard_normal(shape) * np.sqrt(1.0 - keep**2)
    noise[0] /= np.sqrt(1.0 - keep**2)
    return np.asarray(lfilter([1.0], [1.0, -keep], noise, axis=0))


def _memoryless_to_go_m(road: Road, x_m: Floats, y_m: Floats) -> Floats:
    tree = cKDTree(np.column_stack([road.x_m, road.y_m]))
    _, index = tree.query(np.column_stack([x_m.ravel(), y_m.ravel()]))
    return np.asarray((road.s_m[-1] - road.s_m[index]).reshape(x_m.shape))


def _behind_leader_s(log: RaceLog, ticks: NDArray[np.intp]) -> NDArray[np.int64]:
    """Time since the first rider passed this point."""
    lead = np.maximum.accumulate(log.distance_m.max(axis=1))
    rising = np.concatenate([[True], np.diff(lead) > 0.01])
    passed = np.interp(log.distance_m[ticks], lead[rising], np.flatnonzero(rising))
    own = np.where(
        np.isfinite(log.finish_s), np.minimum(ticks[:, None], log.finish_s[None, :]), ticks[:, None]
    )
    return np.maximum(np.rint(own - passed), 0.0).astype(np.int64)


def _ranks(along_m: Floats, finish_s: Floats) -> NDArray[np.int64]:
    # Among those who have finished, the order is that of the finish.
    key = along_m - 1e-6 * np.where(np.isfinite(finish_s), finish_s, 0.0)
    return np.asarray(np.argsort(np.argsort(-key, axis=1), axis=1) + 1)


def _reaches(road: Road, peloton: Peloton, along_m: Floats, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Rows that arrive: few out of the tunnel, single ones get lost, one tracker falls silent."""
    at = along_m + KM0_M
    hidden = (at > road.tunnel_m[0] + 30.0) & (at < road.tunnel_m[1] - 10.0)
    sent = (rng.random(along_m.shape) > np.where(hidden, 0.9, 0.012)) & (along_m > -KM0_M)
    silent = int(np.flatnonzero(~peloton.breakaway)[-5])
    sent[:, silent] &= along_m[:, silent] < _SILENT_FROM * along_m.max()
    return np.asarray(sent)


def _arrivals(
    road: Road, peloton: Peloton, log: RaceLog, convoy: Convoy, samples: _Samples, rng: np.random.Generator
) -> Iterator[tuple[int, str]]:
    """Give (arrival in UTC ms, text) of everything that is sent, in any order."""
    texts = _frame_texts(peloton, samples, log, rng)
    first_ms = int(samples.time_s[0]) * 1000
    yield from _before_start(peloton, first_ms, rng)
    held = _in_hole(samples.time_s)
    last_sent: list[str] = []
    for index, text in enumerate(texts):
        moment = int(samples.time_s[index]) * 1000 + int(rng.integers(2_100, 3_200))
        if held[index]:
            continue
        if index and held[index - 1]:
            # A new connection begins with what the old one had sent last, not in order.
            for place, old in enumerate((1, 2, 0)[: len(last_sent)]):
                yield moment - 40 + place, last_sent[old]
        elif rng.random() < _LATE_SHARE and index < len(texts) - 2 and not held[index + 1]:
            # This frame comes after the next one.
            moment += TICK_S * 1000 + 1_200
        yield moment, text
        yield moment + int(rng.integers(0, 10)), text
        last_sent = [text, *last_sent[:2]]
    last = int(samples.time_s[-1]) * 1000 + 3_500
    for wait in range(TICK_S, _FROZEN_S, TICK_S):
        yield last + wait * 1000, texts[-1]
        yield last + wait * 1000 + 3, texts[-1]
    yield first_ms + 900_500, '"keep-alive"'
    yield first_ms + 2_700_500, "server restarting"
    yield from _vehicle_events(road, convoy, samples.time_s, first_ms // 1000, rng)


def _in_hole(time_s: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Ticks of the stretches where the connection only holds for 24 s of each minute."""
    share = (time_s - time_s[0]) / (time_s[-1] - time_s[0])
    stretch = np.zeros(len(time_s), bool)
    for begin, end in _HOLES:
        stretch |= (share >= begin) & (share < end)
    return np.asarray(stretch & (time_s % _CYCLE_S >= _DATA_S))


def _frame_texts(peloton: Peloton, samples: _Samples, log: RaceLog, rng: np.random.Generator) -> list[str]:
    wearers = _wearers(peloton)
    jersey_of = dict(zip(wearers, "YGPW", strict=True))
    bibs = peloton.bib.tolist()
    jerseys = [jersey_of.get(bib, "") for bib in bibs]
    share = (samples.time_s - samples.time_s[0]) / (samples.time_s[-1] - samples.time_s[0])
    spare = int(np.flatnonzero(np.argsort(np.argsort(log.finish_s)) == len(bibs) // 3)[0])
    texts = []
    for tick, stamp in enumerate(samples.time_s.tolist()):
        columns = (
            samples.lat_deg[tick].tolist(),
            samples.lon_deg[tick].tolist(),
            samples.kph[tick].tolist(),
            samples.km_to_finish[tick].tolist(),
            samples.behind_s[tick].tolist(),
            samples.position[tick].tolist(),
            samples.gradient[tick].tolist(),
            samples.finished[tick].tolist(),
        )
        rows = []
        sent = samples.sent[tick].tolist()
        for index in rng.permutation(len(bibs)).tolist():
            if sent[index]:
                lat, lon, kph, to_go, behind, position, gradient, finished = (
                    column[index] for column in columns
                )
                if index == spare and _SPARE_BIKE[0] < share[tick] < _SPARE_BIKE[1] and tick % 2:
                    # The spare bicycle on the roof of the car, far behind.
                    back = max(0, tick - 24)
                    lat, lon, kph = samples.lat_deg[back, index], samples.lon_deg[back, index], 0.0
                rows.append(
                    f'{{"Bib":{bibs[index]},"Latitude":{lat:.6f},"Longitude":{lon:.6f},"kph":{kph:.2f},'
                    f'"kmToFinish":{to_go:.2f},"secToFirstRider":{behind},"Pos":{position},"Gradient":{gradient:.1f},'
                    f'"Status":"{"finished" if finished else "active"}","Jersey":"{jerseys[index]}"}}'
                )
        texts.append(_envelope(stamp, wearers, rows, stamp * 1000 + int(rng.integers(2_100, 3_200))))
    return texts


def _wearers(peloton: Peloton) -> list[int]:
    """Bibs in yellow, green, polka dots and white."""
    strength = peloton.threshold_w / peloton.body_kg
    leaders = np.flatnonzero(peloton.role == 0)
    climbers = np.flatnonzero(peloton.role == 1)
    sprinters = np.flatnonzero(peloton.role == 4)
    best = leaders[np.argsort(-strength[leaders], kind="stable")]
    picks = (best[1], sprinters[np.argmax(peloton.threshold_w[sprinters])], climbers[0], best[6])
    return [int(peloton.bib[index]) for index in picks]


def _envelope(stamp_s: int, wearers: list[int], rows: list[str], updated_ms: int) -> str:
    jerseys = ",".join(map(str, wearers))
    return (
        f'{{"bind":"telemetryCompetitor-{YEAR}","change":"modified","id":"telemetry","data":{{'
        f'"TimeStamp":{stamp_s},"StageId":"{STAGE * 100}","YGPW":[{jerseys}],"RaceStatus":true,'
        f'"_updatedAt":{updated_ms},"Riders":[{",".join(rows)}]}}}}'
    )


def _before_start(peloton: Peloton, first_ms: int, rng: np.random.Generator) -> Iterator[tuple[int, str]]:
    """Empty frames, then frames of trackers in a box at the hotel."""
    wearers = _wearers(peloton)
    lat, lon = _PARKED_AT
    for back_s in range(_WAITING_S, 0, -5 * TICK_S):
        stamp = first_ms // 1000 - back_s
        rows = []
        if back_s < _WAITING_S - 120:
            rows = [
                f'{{"Bib":{bib},"Latitude":{lat:.6f},"Longitude":{lon:.6f},"kph":{kph:.2f},"kmToFinish":12.4,"Gradient":1.0,'
                f'"Status":"active","Jersey":""}}'
                for bib, kph in zip(
                    peloton.bib.tolist(), rng.uniform(0.0, 0.6, len(peloton)).tolist(), strict=True
                )
            ]
        text = _envelope(stamp, wearers, rows, stamp * 1000 + 2_500)
        yield stamp * 1000 + 2_600, text
        yield stamp * 1000 + 2_604, text


def _vehicle_events(
    road: Road, convoy: Convoy, time_s: NDArray[np.int64], first_s: int, rng: np.random.Generator
) -> Iterator[tuple[int, str]]:
    for stamp in time_s.tolist():
        second = min(stamp - first_s, len(convoy.distance_m) - 1)
        at = convoy.distance_m[second] + KM0_M
        x = np.interp(at, road.s_m, road.x_m) + rng.normal(0.0, 2.2, len(at))
        y = np.interp(at, road.s_m, road.y_m) + rng.normal(0.0, 2.2, len(at))
        lon, lat = to_wgs84(x, y)
        speeds = convoy.speed_mps[second] * 3.6
        rows = ",".join(
            f'{{"Id":{index + 1},"Name":"{name}","Latitude":{lat[index]:.6f},"Longitude":{lon[index]:.6f},'
            f'"kph":{speeds[index]:.1f}}}'
            for index, name in enumerate(VEHICLES)
        )
        text = (
            f'{{"bind":"extraVehicle-{YEAR}-{STAGE}","change":"modified","id":"extraVehicle","data":{{'
            f'"TimeStamp":{stamp},"StageId":"{STAGE * 100}","Vehicles":[{rows}]}}}}'
        )
        moment = stamp * 1000 + int(rng.integers(2_400, 3_400))
        yield moment, text
        yield moment + int(rng.integers(0, 10)), text
