"""A real stage with a real race: every rider at every second, in a file that the validator accepts."""

from __future__ import annotations

import gltf_reader
import numpy as np
import pytest
from node_tools import validated

from tracker3d.export import export_glb
from tracker3d.export.paths import drawn_paths
from tracker3d.scene import build_scene

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def stage_four(foix_replay, tmp_path_factory):
    scene = build_scene(foix_replay.package.stage, foix_replay.package.ground)
    report = export_glb(scene, foix_replay.motion, tmp_path_factory.mktemp("glb") / "four.glb")
    return scene, foix_replay.motion, report


def test_every_rider_at_every_second(stage_four):
    scene, motion, report = stage_four
    file = gltf_reader.read(report.path)
    paths = drawn_paths(scene.stage, motion)
    expected = {f"rider_{bib}": paths.positions_m[:, index] for index, bib in enumerate(paths.bibs.tolist())}
    found = gltf_reader.faults(file, times_s=paths.times_s, expected_m=expected, bound_m=0.5, drift_m=0.02)
    assert found == []
    assert report.riders == len(paths.bibs) == 181
    # Spot checks of the positions themselves, through the motion's other door.
    for second in range(1000, len(paths.times_s), 2500):
        states = motion.at(motion.start_ms + 1000 * second)
        assert paths.distance_m[second] == pytest.approx(states.distance_m, abs=1e-6)
        x_m, y_m = scene.stage.route.position(states.distance_m)
        away = np.hypot(paths.positions_m[second, :, 0] - x_m, paths.positions_m[second, :, 1] - y_m)
        assert away == pytest.approx(np.abs(states.lateral_m), abs=0.02)


def test_validator_has_nothing_to_say(stage_four, node_modules):
    issues = validated(stage_four[2].path, node_modules)["issues"]
    assert issues["messages"] == []
