"""Riders and vehicles as named nodes that move along their keys."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tracker3d.export.glb import GlbWriter, Primitive
from tracker3d.export.keyframes import interpolation_errors_m, reduce_keys
from tracker3d.export.paths import road_positions
from tracker3d.export.shapes import marker
from tracker3d.scene.placing import roster_of

if TYPE_CHECKING:
    from tracker3d.export.paths import RacePaths
    from tracker3d.export.sizes import Sizes
    from tracker3d.scene.model import StageScene
    from tracker3d.stage.model import Rider


LEADER_SHARE = 0.6
"""Height of the leader's pin as a share of that of signs."""


@dataclass(frozen=True)
class AddedRiders:
    """What was added: nodes, keys of all of them together, and the largest error at any second."""

    nodes: list[int]
    keys: int
    error_m: float


def node_name(bib: int) -> str:
    """Name of a rider's node; vehicles, which have negative bibs, are counted from 1."""
    return f"rider_{bib}" if bib >= 0 else f"vehicle_{-bib}"


def add_riders(
    writer: GlbWriter, scene: StageScene, paths: RacePaths, sizes: Sizes, *, max_error_m: float
) -> AddedRiders:
    """Add one node for each path, animated so that no second is farther off than ``max_error_m``.

    All markers share one shape and one material; riders of a colour share a mesh.
    """
    keys = reduce_keys(paths.times_s, paths.positions_m, max_error_m=max_error_m)
    roster = roster_of(scene, paths.bibs)
    teams = {team.code: team.name for team in scene.stage.teams}
    meshes = _Markers(writer, sizes.rider_m)
    nodes = []
    for index, bib in enumerate(paths.bibs.tolist()):
        rider = roster.riders[index]
        red, green, blue = (int(level) for level in roster.colours[index])
        chosen = keys[index]
        positions = paths.positions_m[chosen, index]
        node = writer.node(
            node_name(bib),
            mesh=meshes.of((red, green, blue)),
            translation_m=positions[0],
            extras=_extras(rider, teams, first_seen_s=float(paths.first_seen_s[index])),
        )
        if len(chosen) > 1:
            writer.animate_translation(node, writer.key_times(paths.times_s[chosen]), positions)
        nodes.append(node)
    errors = interpolation_errors_m(paths.times_s, paths.positions_m, keys)
    return AddedRiders(nodes, sum(map(len, keys)), float(errors.max(initial=0.0)))


def add_leader(
    writer: GlbWriter, scene: StageScene, paths: RacePaths, sizes: Sizes, *, max_error_m: float
) -> list[int]:
    """Add ``leader``, a large pin at the first rider on the road; none where nobody rides."""
    if not (paths.bibs >= 0).any():
        return []
    positions = road_positions(scene.stage, paths.leader_m)
    (chosen,) = reduce_keys(paths.times_s, positions[:, None], max_error_m=max_error_m)
    shape = marker(LEADER_SHARE * sizes.sign_m)
    red, green, blue = scene.theme.colour("head")
    attributes = {
        "POSITION": writer.positions(shape.vertices_m),
        "COLOR_0": writer.colours(shape.coloured((red, green, blue))),
    }
    part = Primitive(attributes, writer.unlit_material("leader"), writer.indices(shape.faces))
    node = writer.node("leader", mesh=writer.mesh("leader", [part]), translation_m=positions[0])
    if len(chosen) > 1:
        writer.animate_translation(node, writer.key_times(paths.times_s[chosen]), positions[chosen])
    return [node]


class _Markers:
    """Meshes of markers by colour, made when first asked for."""

    def __init__(self, writer: GlbWriter, height_m: float) -> None:
        self._writer = writer
        self._shape = marker(height_m)
        self._positions = -1
        self._indices = -1
        self._material = -1
        self._meshes: dict[tuple[int, int, int], int] = {}

    def of(self, colour_rgb: tuple[int, int, int]) -> int:
        if not self._meshes:
            self._positions = self._writer.positions(self._shape.vertices_m)
            self._indices = self._writer.indices(self._shape.faces)
            self._material = self._writer.unlit_material("riders")
        if colour_rgb not in self._meshes:
            colours = self._writer.colours(self._shape.coloured(colour_rgb))
            attributes = {"POSITION": self._positions, "COLOR_0": colours}
            name = "marker_{:02x}{:02x}{:02x}".format(*colour_rgb)
            self._meshes[colour_rgb] = self._writer.mesh(
                name, [Primitive(attributes, self._material, self._indices)]
            )
        return self._meshes[colour_rgb]


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
