"""The page in a real browser: riders move on the relief, a drop is caught up, a phone has room for it."""

from __future__ import annotations

import itertools
import math
import time

import pytest
from serving import wait_until

from tracker3d.stage import nearest_on_route

READY = "window.tracker3d && window.tracker3d.stream.received > 2 && window.tracker3d.places.size > 4"
COLOURS = """(() => {
  const page = window.tracker3d;
  page.world.render(page.cameras.range);
  const gl = page.world.renderer.getContext();
  const [w, h] = [gl.drawingBufferWidth, gl.drawingBufferHeight];
  const pixels = new Uint8Array(w * h * 4);
  gl.readPixels(0, 0, w, h, gl.RGBA, gl.UNSIGNED_BYTE, pixels);
  const seen = new Set();
  const step = (at) => pixels[at] >> 4;
  for (let at = 0; at < pixels.length; at += 52) seen.add(step(at) << 8 | step(at + 1) << 4 | step(at + 2));
  return seen.size;
})()"""


@pytest.fixture
def opened(page, served):
    page.complaints.clear()
    page.asked.clear()
    page.size(640, 360)
    page.open(served.url)
    page.wait(READY)
    yield page
    page.open("about:blank")
    assert page.complaints == []


def report(page):
    return page.evaluate("window.tracker3d.report()")


def test_riders_move_along_the_road_without_jumps(opened, small):
    samples = opened.evaluate(
        """new Promise((done) => {
          const seen = [];
          const look = () => {
            const { time, riders } = window.tracker3d.report();
            seen.push({ time, place: riders[2] });
            if (seen.length < 40) requestAnimationFrame(look); else done(seen);
          };
          requestAnimationFrame(look);
        })"""
    )
    route = small.scene.stage.route
    moved_m = 0.0
    for before, after in itertools.pairwise(samples):
        passed_s = (after["time"] - before["time"]) / 1000.0
        step_m = math.dist(before["place"], after["place"])
        assert passed_s >= 0.0
        assert step_m <= 20.0 * passed_s + 0.01, "a rider jumped"
        moved_m += step_m
    assert moved_m > 3.0
    for sample in samples:
        east, _, south = sample["place"]
        assert nearest_on_route(route, [east], [-south])[1][0] < 5.0


def test_between_states_a_rider_is_where_the_race_has_him(opened, small):
    shown = report(opened)
    states = small.race.at(shown["time"]).riders
    for bib, place in shown["riders"].items():
        row = int((states.bibs == int(bib)).nonzero()[0][0])
        x_m, y_m = small.scene.stage.route.position(states.distance_m[row])
        # sideways he has his place on the road
        away_m = math.dist((place[0], -place[2]), (float(x_m), float(y_m)))
        assert away_m < abs(states.lateral_m[row]) + 1.0


def test_the_stage_is_drawn_and_says_who_leads(opened, small):
    assert opened.evaluate(COLOURS) > 40
    text = opened.evaluate("document.body.innerText")
    assert small.scene.stage.name in text
    assert "km to go" in text
    assert "SIMULATED" in text
    assert small.scene.stage.credits[0] in text
    rows = opened.evaluate(
        "Array.from(document.querySelectorAll('#board .name'), (name) => name.textContent)"
    )
    assert len(rows) == len(small.race.at(report(opened)["time"]).groups)


def test_nothing_comes_from_elsewhere(opened, served):
    assert {url.split("/")[2] for url in opened.asked if not url.startswith(("data:", "blob:"))} == {
        f"127.0.0.1:{served.port}"
    }


def test_follow_keeps_the_rider_in_the_middle(opened):
    opened.click("#follow")
    opened.evaluate("document.querySelector('#search').focus()")
    opened.type("clark")
    assert opened.evaluate("document.querySelectorAll('#choices button').length") == 1
    opened.click("#choices button")
    opened.wait("!window.tracker3d.cameras.arriving && !window.tracker3d.cameras.flight")
    time.sleep(1.0)
    shown = report(opened)
    assert math.dist(shown["target"], shown["riders"]["11"]) < 40.0
    assert math.dist(shown["eye"], shown["target"]) < 600.0
    assert any("CLARK" in label for label in shown["labels"])
    opened.click("#stage")
    opened.wait("!window.tracker3d.followed && !window.tracker3d.cameras.flight")


def test_pause_holds_the_moment_and_live_returns(opened):
    opened.click("#play")
    held = report(opened)["time"]
    time.sleep(0.7)
    assert report(opened)["time"] == held
    assert report(opened)["received"] > 3
    opened.click("#live")
    opened.wait(f"window.tracker3d.report().time > {held + 1000}")


def test_a_dropped_connection_resumes_without_a_gap(page, small):
    with small.serve(interval_s=0.1) as served:
        page.complaints.clear()
        page.open(served.url)
        page.wait(READY)
        for transport in list(served.server._keeper._open.values()):
            served.server._server.servers[0].get_loop().call_soon_threadsafe(transport.abort)
        page.wait("window.tracker3d.stream.connections === 2", timeout_s=15)
        numbers = page.evaluate("window.tracker3d.history.frames.map(({ id }) => Number(id.split('-')[1]))")
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
        wait_until(lambda: served.server.health["clients"] == 1)
        page.wait("document.querySelector('#status').hidden")
    page.wait("!document.querySelector('#status').hidden", timeout_s=15)
    assert "trying again" in page.evaluate("document.querySelector('#status').textContent")
    page.open("about:blank")


def test_a_phone_shows_everything_and_nothing_over_another(page, served):
    page.size(390, 844, ratio=1, touch=True)
    page.open(served.url)
    page.wait(READY)
    time.sleep(0.5)
    boxes = page.evaluate(
        """Object.fromEntries("head board foot credits play live follow stage phone".split(" ").map((id) => {
          const { left, top, right, bottom } = document.getElementById(id).getBoundingClientRect();
          return [id, [left, top, right, bottom]];
        }))"""
    )
    for name, (left, top, right, bottom) in boxes.items():
        assert left >= 0, name
        assert top >= 0, name
        assert right <= 390, name
        assert bottom <= 844, name
    assert all(boxes[name][3] - boxes[name][1] >= 40 for name in ("play", "live", "follow"))
    for one, other in itertools.combinations(("head", "board", "foot"), 2):
        a, b = boxes[one], boxes[other]
        assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1], f"{one} lies over {other}"
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_table_for_phones_is_shown(page, served):
    page.complaints.clear()
    page.size(390, 844, ratio=1, touch=True)
    page.open(f"{served.url}ar.html")
    page.wait("document.body && document.body.dataset.loaded === 'yes'")
    assert page.evaluate("document.querySelector('model-viewer').loaded")
    assert page.evaluate("document.querySelector('model-viewer').arModes") == "webxr scene-viewer quick-look"
    assert page.evaluate("document.querySelector('#watch').href") == served.url
    own = [text for text in page.complaints if str(served.port) in text or "olicy" in text]
    assert own == []
    page.open("about:blank")
