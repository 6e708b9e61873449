"""Which picture is due: sharp, draft or still."""

from __future__ import annotations

from tracker3d.app.pacing import DRAFT_ABOVE_S, PAINT_PATIENCE_S, STILL_AFTER_S, Pacer, Quality


def draw(pacer: Pacer, wall_s: float, *, cost_s: float, moving: bool = False) -> Quality | None:
    """Draw what is due at a moment; it is painted ``cost_s`` later."""
    quality = pacer.due(wall_s, moving=moving)
    if quality is not None:
        pacer.asked(quality, wall_s)
        pacer.painted(wall_s + cost_s)
    return quality


def test_a_change_is_drawn_sharp_once_and_then_still() -> None:
    pacer = Pacer()
    pacer.changed = True
    assert draw(pacer, 0.0, cost_s=0.01) == Quality.SHARP
    assert draw(pacer, 0.1, cost_s=0.01) is None
    assert draw(pacer, STILL_AFTER_S + 0.01, cost_s=0.3) == Quality.STILL
    assert draw(pacer, 5.0, cost_s=0.3) is None


def test_a_slow_machine_never_draws_the_finest() -> None:
    pacer = Pacer()
    pacer.changed = True
    assert draw(pacer, 0.0, cost_s=0.05) == Quality.SHARP
    assert draw(pacer, 5.0, cost_s=0.05) is None


def test_never_two_pictures_under_way() -> None:
    pacer = Pacer()
    assert pacer.due(0.0, moving=True) == Quality.SHARP
    pacer.asked(Quality.SHARP, 0.0)
    pacer.changed = True
    assert pacer.painting
    assert pacer.due(0.5, moving=True) is None
    assert pacer.due(PAINT_PATIENCE_S + 0.1, moving=True) == Quality.SHARP


def test_a_hand_gets_drafts_where_pictures_are_slow_and_a_sharp_one_at_rest() -> None:
    pacer = Pacer()
    slow_s = DRAFT_ABOVE_S + 0.1
    pacer.changed = True
    draw(pacer, 0.0, cost_s=slow_s)
    pacer.act(1.0)
    assert draw(pacer, 1.0, cost_s=0.02) == Quality.DRAFT
    pacer.act(1.1)
    assert draw(pacer, 1.1, cost_s=0.02) == Quality.DRAFT
    assert draw(pacer, 1.2, cost_s=0.02) is None
    assert draw(pacer, 1.1 + STILL_AFTER_S + 0.01, cost_s=slow_s) == Quality.SHARP
    assert draw(pacer, 9.0, cost_s=slow_s) is None


def test_a_fast_machine_needs_no_drafts() -> None:
    pacer = Pacer()
    pacer.changed = True
    draw(pacer, 0.0, cost_s=0.01)
    pacer.act(1.0)
    assert draw(pacer, 1.0, cost_s=0.01) == Quality.SHARP


def test_drafts_do_not_count_as_what_a_picture_costs() -> None:
    pacer = Pacer()
    pacer.changed = True
    draw(pacer, 0.0, cost_s=1.0)
    for number in range(5):
        pacer.act(1.0 + number)
        assert draw(pacer, 1.0 + number, cost_s=0.001) == Quality.DRAFT


def test_a_finer_ground_is_painted_in_the_quality_that_is_shown() -> None:
    pacer = Pacer()
    pacer.changed = True
    draw(pacer, 0.0, cost_s=0.05)
    assert pacer.due(0.05, moving=False) is None
    pacer.finer = True
    assert pacer.due(0.06, moving=False) is None, "the ground gets time, too"
    assert pacer.due(0.16, moving=False) == Quality.SHARP
    assert pacer.repeats(Quality.SHARP)
    assert draw(pacer, 0.16, cost_s=0.05) == Quality.SHARP
    assert pacer.due(0.4, moving=False) is None
    pacer.changed = True
    assert not pacer.repeats(Quality.SHARP)


def test_a_ground_that_becomes_finer_does_not_put_off_the_still_picture() -> None:
    pacer = Pacer()
    pacer.changed = True
    found = []
    for number in range(60):
        wall_s = 0.015 * number
        pacer.finer = True
        found.append(draw(pacer, wall_s, cost_s=0.005))
    assert found[0] == Quality.SHARP
    assert Quality.STILL in found
    first = found.index(Quality.STILL)
    assert 0.015 * first < STILL_AFTER_S + 0.03
    assert set(found[first:]) <= {Quality.STILL, None}
    assert found.count(Quality.STILL) > 5


def test_what_moves_is_drawn_anew_however_fine_its_ground_becomes() -> None:
    pacer = Pacer()
    for number in range(30):
        pacer.finer = True
        quality = pacer.due(0.015 * number, moving=True)
        assert quality == Quality.SHARP
        assert not pacer.repeats(quality)
        pacer.asked(quality, 0.015 * number)
        pacer.painted(0.015 * number + 0.005)
