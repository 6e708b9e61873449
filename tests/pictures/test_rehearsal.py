"""Pictures of the rehearsal against those that were looked at and approved; its cards for social media."""

from __future__ import annotations

import itertools
import sys
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import av
import numpy as np
import pytest
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parent))

from baselines import FOLDER, TABLE, Baseline, draw, opened

from tracker3d.errors import InputError
from tracker3d.render import write_video
from tracker3d.scene.climbs import climbs_of, foot_of
from tracker3d.scene.figures import clock_text, gap_text
from tracker3d.scene.social import Template, card_facts, make_card
from tracker3d.scene.social.film import LASTS_S
from tracker3d.scene.social.layout import lay_out, rows_that_fit

if TYPE_CHECKING:
    from tracker3d.feed.rehearsal import RehearsalFiles
    from tracker3d.race import Race
    from tracker3d.scene.model import StageScene

PORTRAIT, STORY, SQUARE, WIDE = (1080, 1350), (1080, 1920), (1080, 1080), (1920, 1080)


@pytest.fixture(scope="module")
def shown(rehearsal_files: RehearsalFiles) -> tuple[StageScene, Race]:
    return opened(rehearsal_files)


def differing(one: np.ndarray, other: np.ndarray, level: int) -> float:
    """Share of the pixels that differ by more than ``level`` in a channel; of no colour under no alpha."""
    far = np.abs(one.astype(int) - other.astype(int))
    far[(one[..., 3] == 0) & (other[..., 3] == 0)] = 0
    return float((far.max(axis=-1) > level).mean())


@pytest.mark.parametrize("baseline", TABLE, ids=lambda each: each.name)
def test_picture(baseline: Baseline, shown: tuple[StageScene, Race], tmp_path: Path) -> None:
    picture = draw(baseline, *shown)
    with Image.open(FOLDER / f"{baseline.name}.png") as file:
        approved = np.asarray(file.convert("RGBA"))
    assert picture.shape == approved.shape
    share = differing(picture, approved, baseline.level)
    Image.fromarray(picture).save(tmp_path / f"{baseline.name}.png")
    assert share <= baseline.most_share, f"{share:.2%} of the pixels differ ({tmp_path}); {baseline.why}"


def test_the_same_picture_twice_is_the_same_bytes(shown: tuple[StageScene, Race]) -> None:
    assert np.array_equal(draw(TABLE[1], *shown), draw(TABLE[1], *shown))


def test_a_picture_that_is_off_by_little_is_noticed(shown: tuple[StageScene, Race]) -> None:
    """A shift by one pixel, or a panel that is missing, is far beyond what is allowed."""
    baseline = TABLE[0]
    picture = draw(baseline, *shown)
    moved = np.roll(picture, 1, axis=1)
    assert differing(picture, moved, baseline.level) > 3 * baseline.most_share
    bare = picture.copy()
    bare[20:60, 20:120] = bare[200, 300]
    assert differing(picture, bare, baseline.level) > 3 * baseline.most_share


@pytest.fixture
def moment(shown):
    scene, race = shown
    return scene, race, race.time_of_to_go(3_000.0)


def test_gaps_are_those_of_the_race(moment):
    scene, race, time_ms = moment
    facts = card_facts(scene, race, time_ms, Template.GAPS)
    state = race.at(time_ms)
    told = [(str(len(group.riders)), gap_text(group.gap_to_head_s)) for group in state.groups[1:]]
    said = [(row.mark, row.figure) for row in facts.rows[1:]]
    assert len(said) == min(len(told), 5)
    left = iter(told)
    assert all(row in left for row in said)  # in the same order
    assert facts.rows[0].figure == ""
    assert {row.mark for row in facts.rows} <= {str(len(group.riders)) for group in state.groups}
    assert facts.moment.startswith("3.0 km to go")


def test_climb_ranks_times_from_foot_to_summit(moment):
    scene, race, time_ms = moment
    facts = card_facts(scene, race, time_ms, Template.CLIMB, most_rows=5)
    climb = next(place for place in climbs_of(scene.stage) if place.name == facts.title)
    foot_ms = race.motion.passage_ms(foot_of(scene.stage, climb))
    top_ms = race.motion.passage_ms(climb.distance_m)
    took_s = np.where(top_ms <= time_ms, (top_ms - foot_ms) / 1000.0, np.nan)
    took_s[race.motion.bibs < 0] = np.nan
    best = np.sort(took_s[np.isfinite(took_s)])[:5]
    found = [row.figure for row in facts.rows]
    assert found[0] in {clock_text(best[0] + off) for off in (-0.6, 0.0, 0.6)}
    assert all(text == "s.t." or (text.startswith("+0:") and text != "+0:00") for text in found[1:])
    assert [row.mark for row in facts.rows] == ["1", "2", "3", "4", "5"]


def test_speeds_are_means_over_a_kilometre(moment):
    scene, race, time_ms = moment
    facts = card_facts(scene, race, time_ms, Template.SPEEDS)
    speeds = [float(row.figure) for row in facts.rows]
    assert speeds == sorted(speeds, reverse=True)
    assert 40.0 < speeds[0] < 100.0
    names = {rider.display_name: rider.bib for rider in scene.stage.riders if not rider.vehicle}
    for row, speed in zip(facts.rows, speeds, strict=True):
        rider = int(np.flatnonzero(race.motion.bibs == names[row.name])[0])
        place_m = 1000.0 * float(row.detail.rsplit("km ", 1)[1])
        around_m = place_m + np.array([-50.0, 0.0, 50.0])
        took_s = [
            (race.motion.passage_ms(at_m + 1000.0)[rider] - race.motion.passage_ms(at_m)[rider]) / 1000.0
            for at_m in around_m.tolist()
        ]
        assert min(abs(3600.0 / seconds - speed) for seconds in took_s) < 2.0


def test_profile_says_who_was_first_at_the_summits(moment):
    scene, race, time_ms = moment
    facts = card_facts(scene, race, time_ms, Template.PROFILE)
    assert facts.ridden_m == pytest.approx(scene.stage.route.finish_m - 3_000.0, abs=5.0)
    behind = [climb for climb in climbs_of(scene.stage) if climb.distance_m <= facts.ridden_m]
    assert [row.name for row in facts.rows] == [climb.name for climb in behind][-6:]
    for climb, row in zip(behind, facts.rows, strict=True):
        passed = race.motion.passage_ms(climb.distance_m)
        passed[race.motion.bibs < 0] = np.nan
        bib = int(race.motion.bibs[np.nanargmin(passed)])
        assert row.figure == next(each.display_name for each in scene.stage.riders if each.bib == bib)


@pytest.mark.parametrize("size", [PORTRAIT, STORY, SQUARE, WIDE], ids=str)
@pytest.mark.parametrize("template", list(Template), ids=str)
def test_parts_stand_inside_and_apart(moment, template, size):
    scene, race, time_ms = moment
    facts = card_facts(scene, race, time_ms, template, most_rows=rows_that_fit(size, template))
    parts = list(lay_out(scene, facts, size))
    boxes = [(p.x_px, p.y_px, p.x_px + p.image.width, p.y_px + p.image.height) for p in parts if not p.grows]
    for left, top, right, bottom in boxes:
        assert left >= 0.04 * min(size)
        assert right <= size[0] - 0.03 * min(size)
        assert top >= (0.12 * size[1] if size == STORY else 0.03 * size[1])
        assert bottom <= (0.84 * size[1] if size == STORY else 0.97 * size[1])
    for one, other in itertools.pairwise(boxes):
        assert one[3] <= other[1] + 8
    assert len(facts.rows) >= 1


def test_film_begins_empty_and_ends_in_the_picture(moment, tmp_path):
    scene, race, time_ms = moment
    card = make_card(scene, card_facts(scene, race, time_ms, Template.GAPS, most_rows=4), (216, 270))
    first, last = card.picture(0.0), card.picture()
    assert last.shape == (270, 216, 4)
    assert (last[..., 3] == 255).all()
    assert (card.picture(LASTS_S) == last).all()
    assert (first != last).any(axis=-1).mean() > 0.3
    bright = [(card.picture(at_s)[..., :3].max(axis=-1) > 240).sum() for at_s in (0.0, 0.5, 1.0, 2.5)]
    assert bright == sorted(bright)
    alert = np.array(scene.theme.colour("alert"))
    assert (np.abs(last[..., :3].astype(int) - alert).max(axis=-1) < 8).sum() > 50  # the mark of a rehearsal
    fps = Fraction(25)
    write_video(tmp_path / "card.mp4", (card.picture(n / 25) for n in range(150)), fps=fps)
    with av.open(tmp_path / "card.mp4") as container:
        assert sum(1 for _ in container.decode(video=0)) == 150


def test_what_cannot_be_said_yet_is_said_plainly(moment):
    scene, race, _ = moment
    with pytest.raises(InputError, match=r"Nobody rides.*\.$"):
        card_facts(scene, race, race.start_ms - 3_600_000, Template.GAPS)
    with pytest.raises(InputError, match=r"No climb has been ridden.*\.$"):
        card_facts(scene, race, race.start_ms + 60_000, Template.CLIMB)
    with pytest.raises(InputError, match="no climb named"):
        card_facts(scene, race, race.end_ms, Template.CLIMB, climb="Everest")
