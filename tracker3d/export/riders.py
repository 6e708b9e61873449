"""Riders and vehicles as named nodes that move along their keys."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tracker3d.export.glb import GlbWriter, Primitive
from tracker3d.export.keyframes import Keys, reduce_paths
from tracker3d.export.labels import add_labels
from tracker3d.export.paths import road_positions
from tracker3d.export.shapes import marker
from tracker3d.export.shared_keys import shared_keys, shared_steps
from tracker3d.scene.placing import roster_of
from tracker3d.stage.model import Rider

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tracker3d.export.paths import RacePaths
    from tracker3d.export.profiles import ProfileLimits
    from tracker3d.export.sizes import Sizes
    from tracker3d.export.warping import Warp
    from tracker3d.scene.model import StageScene
    from tracker3d.stage.model import Stage

LEADER_SHARE = 0.6
"""Height of the leader's pin as a share of that of signs."""

LEADER_WAIST = 0.008
"""So slender that it hides nobody where the race is seen from nearby."""


@dataclass(frozen=True)
class AddedRiders:
    """What was added: nodes, keys of all of them together, and the largest error at any second."""

    nodes: list[int]
    keys: int
    error_m: float


def node_name(bib: int) -> str:
    """Name of a rider's node; vehicles, which have negative bibs, are counted from 1."""
    return f"rider_{bib}" if bib >= 0 else f"vehicle_{-bib}"


@dataclass(frozen=True)
class ChosenKeys:
    """Keys of each path, and of the first rider on the road; ``leader`` is None where nobody rides."""

    paths: list[Keys]
    leader: Keys | None


def choose_keys(
    stage: Stage, paths: RacePaths, warp: Warp, limits: ProfileLimits, *, groups: bool
) -> ChosenKeys:
    """Choose keys so that no second is farther off than the profile's bound.

    ``paths`` are in the flat frame, keys are bent by ``warp``. ``groups``: they are those of
    :func:`~tracker3d.export.groups.group_paths`.
    """
    placed = dataclasses.replace(paths, positions_m=warp(paths.positions_m))
    if limits.shared and not groups:
        keys = shared_keys(stage, placed, warp, max_error_m=limits.max_error_m)
    else:
        keys = reduce_paths(placed.positions_m, max_error_m=limits.max_error_m)
    if not (paths.bibs >= 0).any():
        return ChosenKeys(keys, None)
    first = warp(road_positions(stage, paths.leader_m))
    return ChosenKeys(keys, reduce_paths(first[:, None], max_error_m=limits.max_error_m)[0])


def add_riders(
    writer: GlbWriter,
    scene: StageScene,
    paths: RacePaths,
    keys: Sequence[Keys],
    sizes: Sizes,
    *,
    limits: ProfileLimits,
    facing_rad: float,
) -> AddedRiders:
    """Add one node for each path, animated along its keys.

    All markers share one shape and one material; riders of a colour share a mesh.
    """
    roster = roster_of(scene, paths.bibs)
    colours = [(int(red), int(green), int(blue)) for red, green, blue in roster.colours]
    teams = {team.code: team.name for team in scene.stage.teams}
    labels = _labels(writer, roster.riders, colours, sizes, width_px=limits.label_px, facing_rad=facing_rad)
    meshes = _marker_meshes(writer, set(colours), sizes.rider_m, fine=limits.detailed)
    nodes = []
    for index, bib in enumerate(paths.bibs.tolist()):
        node = writer.node(
            node_name(bib),
            mesh=meshes[colours[index]],
            children=[labels[bib]] if bib in labels else [],
            translation_m=keys[index].positions_m[0],
            extras=_extras(roster.riders[index], teams, first_seen_s=float(paths.first_seen_s[index])),
        )
        nodes.append(node)
    animate(writer, nodes, keys, limits)
    return AddedRiders(nodes, sum(map(len, keys)), max((chosen.error_m for chosen in keys), default=0.0))


def add_leader(
    writer: GlbWriter, scene: StageScene, keys: Keys, sizes: Sizes, *, limits: ProfileLimits
) -> int:
    """Add ``leader``, a large pin at the first rider on the road."""
    shape = marker(LEADER_SHARE * sizes.sign_m, waist=LEADER_WAIST)
    red, green, blue = scene.theme.colour("head")
    attributes = {
        "POSITION": writer.positions(shape.vertices_m),
        "COLOR_0": writer.colours(shape.coloured((red, green, blue))),
    }
    part = Primitive(attributes, writer.unlit_material("leader"), writer.indices(shape.faces))
    mesh = writer.mesh("leader", [part])
    node = writer.node("leader", mesh=mesh, translation_m=keys.positions_m[0])
    animate(writer, [node], [keys], limits)
    return node


def add_groups(
    writer: GlbWriter,
    scene: StageScene,
    paths: RacePaths,
    keys: Sequence[Keys],
    sizes: Sizes,
    *,
    limits: ProfileLimits,
    facing_rad: float,
) -> AddedRiders:
    """Add a node ``group_<number>`` for each path of :func:`~tracker3d.export.groups.group_paths`."""
    numbers = paths.bibs.tolist()
    colours = [scene.theme.colour("head" if number == 1 else "peloton") for number in numbers]
    boards = [Rider(number) for number in numbers]
    labels = _labels(writer, boards, colours, sizes, width_px=limits.label_px, facing_rad=facing_rad)
    meshes = _marker_meshes(writer, set(colours), 3 * sizes.rider_m, fine=limits.detailed)
    nodes = [
        writer.node(
            f"group_{number}",
            mesh=meshes[colour],
            children=[labels[number]] if number in labels else [],
            translation_m=chosen.positions_m[0],
            extras={"group": number},
        )
        for number, colour, chosen in zip(numbers, colours, keys, strict=True)
    ]
    animate(writer, nodes, keys, limits)
    return AddedRiders(nodes, sum(map(len, keys)), max((chosen.error_m for chosen in keys), default=0.0))


def animate(writer: GlbWriter, nodes: Sequence[int], keys: Sequence[Keys], limits: ProfileLimits) -> None:
    """Move nodes along their keys, as many times faster than they rode as the profile says."""
    moving = [index for index, chosen in enumerate(keys) if len(chosen) > 1]
    if not moving:
        return
    step_m, step_s = shared_steps(
        limits.max_error_m,
        duration_s=max(float(keys[index].times_s[-1]) for index in moving),
        extent_m=max(float(np.abs(keys[index].line).max()) for index in moving),
    )
    writer.animate_paths(
        [nodes[index] for index in moving],
        [(keys[index].times_s / limits.speed).astype(np.float32) for index in moving],
        [(keys[index].line, keys[index].begin) for index in moving],
        time_exponent=round(np.log2(step_s / limits.speed)),
        position_exponent=round(np.log2(step_m)),
    )


def _labels(
    writer: GlbWriter,
    riders: Sequence[Rider],
    colours: Sequence[tuple[int, int, int]],
    sizes: Sizes,
    *,
    width_px: int,
    facing_rad: float,
) -> dict[int, int]:
    """Add labels of all who have a number; returns nodes by bib."""
    if not width_px:
        return {}
    chosen = [index for index, rider in enumerate(riders) if rider.bib >= 0]
    nodes = add_labels(
        writer,
        [riders[index] for index in chosen],
        [colours[index] for index in chosen],
        sizes,
        width_px=width_px,
        facing_rad=facing_rad,
    )
    return {riders[index].bib: node for index, node in zip(chosen, nodes, strict=True)}


def _marker_meshes(
    writer: GlbWriter, colours: set[tuple[int, int, int]], height_m: float, *, fine: bool
) -> dict[tuple[int, int, int], int]:
    """Add a mesh for each colour; all share one shape and one material."""
    if not colours:
        return {}
    shape = marker(height_m, fine=fine)
    positions, indices = writer.positions(shape.vertices_m), writer.indices(shape.faces)
    material = writer.unlit_material("riders")
    chosen = sorted(colours)
    shades = writer.colours_of([shape.coloured(colour) for colour in chosen])
    return {
        colour: writer.mesh(
            "marker_{:02x}{:02x}{:02x}".format(*colour),
            [Primitive({"POSITION": positions, "COLOR_0": shade}, material, indices)],
        )
        for colour, shade in zip(chosen, shades, strict=True)
    }


def _extras(rider: Rider, teams: dict[str, str], *, first_seen_s: float) -> dict[str, Any]:
    """Return what the file says about a rider; empty things are left out."""
    words = {
        "name": " ".join(part for part in (rider.first_name, rider.last_name) if part),
        "team": teams.get(rider.team_code, rider.team_code),
        "nation": rider.nation,
        "jersey": rider.jersey,
    }
    return {
        "bib": rider.bib,
        "first_seen_s": first_seen_s,
        **{key: word for key, word in words.items() if word},
    }
