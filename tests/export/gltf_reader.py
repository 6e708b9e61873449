"""Reads a GLB by the specification, independently of the writer, and evaluates its animation.

:func:`faults` is the harness: what is wrong with a file, in words; what no schema catches is measured against
the positions that the file should show.
"""

from __future__ import annotations

import io
import json
import re
import struct
from typing import TYPE_CHECKING, Any

import node_tools
import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

COMPONENTS = {5120: "<i1", 5121: "<u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4}


class GltfFile:
    """A GLB file in memory."""

    def __init__(self, data: bytes) -> None:
        magic, version, total = struct.unpack_from("<4sII", data)
        if magic != b"glTF" or version != 2 or total != len(data):
            raise ValueError("header")
        self.json: dict[str, Any] = {}
        self.blob = b""
        at = 12
        while at < total:
            length, kind = struct.unpack_from("<I4s", data, at)
            if length % 4 or at + 8 + length > total:
                raise ValueError("chunk")
            chunk = data[at + 8 : at + 8 + length]
            if kind == b"JSON":
                self.json = json.loads(chunk)
            elif kind == b"BIN\0":
                self.blob = chunk
            at += 8 + length

    def table(self, name: str) -> list[dict[str, Any]]:
        found = self.json.get(name, [])
        assert isinstance(found, list)
        return found

    def accessor(self, index: int) -> NDArray[Any]:
        """Values (count, width) of an accessor; normalized integers as numbers from 0 to 1."""
        entry = self.table("accessors")[index]
        view = self.table("bufferViews")[entry["bufferView"]]
        kind = np.dtype(COMPONENTS[entry["componentType"]])
        width = WIDTHS[entry["type"]]
        start = view.get("byteOffset", 0) + entry.get("byteOffset", 0)
        stride = view.get("byteStride", kind.itemsize * width)
        values = np.ndarray((entry["count"], width), kind, self.blob, start, (stride, kind.itemsize))
        return values / np.iinfo(kind).max if entry.get("normalized") else values

    def node(self, name: str) -> int:
        found = [index for index, node in enumerate(self.table("nodes")) if node.get("name") == name]
        if len(found) != 1:
            raise ValueError(f"{len(found)} nodes are called {name}")
        return found[0]

    def parents(self) -> dict[int, int]:
        return {
            child: index
            for index, node in enumerate(self.table("nodes"))
            for child in node.get("children", ())
        }

    def positions(self, name: str, times_s: NDArray[np.float64]) -> NDArray[np.float64]:
        """Positions (t, 3) of a node in the frame of the root, glTF axes, at seconds of the race.

        Parents may be moved but not turned or scaled, but for the root: it may stand on a table.
        """
        index, root = self.node(name), self.root
        parents = self.parents()
        shown_s = times_s / self.extras.get("speed", 1.0)
        total = np.zeros((len(times_s), 3))
        while index != root:
            total += self._local(index, shown_s)
            index = parents[index]
            assert index == root or not {"matrix", "rotation", "scale"} & set(self.table("nodes")[index])
        node = self.table("nodes")[root]
        if "scale" not in node:
            total += np.array(node.get("translation", (0.0, 0.0, 0.0)))
        return total

    @property
    def root(self) -> int:
        """The scene's only node."""
        (root,) = self.table("scenes")[0]["nodes"]
        return int(root)

    @property
    def extras(self) -> dict[str, Any]:
        """What the root says."""
        found = self.table("nodes")[self.root].get("extras", {})
        assert isinstance(found, dict)
        return found

    def _local(self, index: int, times_s: NDArray[np.float64]) -> NDArray[np.float64]:
        still = np.array(self.table("nodes")[index].get("translation", (0, 0, 0)), dtype=float)
        for animation in self.table("animations"):
            for channel in animation["channels"]:
                if channel["target"] == {"node": index, "path": "translation"}:
                    sampler = animation["samplers"][channel["sampler"]]
                    assert sampler["interpolation"] == "LINEAR"
                    keys = self.accessor(sampler["input"])[:, 0].astype(float)
                    values = self.accessor(sampler["output"]).astype(float)
                    return np.stack([np.interp(times_s, keys, values[:, axis]) for axis in range(3)], axis=-1)
        return np.broadcast_to(still, (len(times_s), 3)).copy()


def image(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data)).convert("RGB")


def read(path: Path) -> GltfFile:
    return GltfFile(path.read_bytes())


def read_packed(path: Path, node_modules: Path, scratch: Path) -> GltfFile:
    """Read a file that is packed, through the decoder of three.js."""
    try:
        return read(node_tools.unpacked(path, node_modules, scratch / f"{path.stem}.plain.glb"))
    except node_tools.DamagedError as error:
        raise ValueError(f"compression: {error}") from error


def faults(
    file: GltfFile,
    *,
    times_s: NDArray[np.float64] | None = None,
    expected_m: dict[str, NDArray[np.float32]] | None = None,
    colours: dict[str, tuple[int, int, int]] | None = None,
    bound_m: float = 0.5,
    drift_m: float = 0.2,
) -> list[str]:
    """What is wrong with a file, each as one word and where.

    ``colours`` gives for node names the sRGB colour of the brightest vertex.

    ``expected_m`` gives for node names the positions (t, 3) in stage axes at ``times_s``; on average, over
    all of them, they may be off by ``drift_m`` along each axis.
    """
    found = [*_name_faults(file), *_number_faults(file), *_animation_faults(file)]
    found += _colour_faults(file, colours or {})
    if times_s is not None and expected_m is not None and not found:
        found += _position_faults(file, times_s, expected_m, bound_m, drift_m)
    return found


def _name_faults(file: GltfFile) -> list[str]:
    names = [node.get("name", "") for node in file.table("nodes")]
    bad = [f"name: {name!r}" for name in names if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name)]
    return bad + [f"duplicate: {name}" for name in sorted({name for name in names if names.count(name) > 1})]


def _number_faults(file: GltfFile) -> list[str]:
    found = []
    for index, entry in enumerate(file.table("accessors")):
        values = file.accessor(index)
        if not np.isfinite(values).all():
            found.append(f"finite: accessor {index}")
        elif "min" in entry and not (
            np.array_equal(values.min(axis=0), entry["min"])
            and np.array_equal(values.max(axis=0), entry["max"])
        ):
            found.append(f"bounds: accessor {index}")
    for mesh in file.table("meshes"):
        for part in mesh["primitives"]:
            count = file.table("accessors")[part["attributes"]["POSITION"]]["count"]
            if "min" not in file.table("accessors")[part["attributes"]["POSITION"]]:
                found.append(f"bounds: {mesh['name']}")
            if "indices" in part and file.accessor(part["indices"]).max() >= count:
                found.append(f"indices: {mesh['name']}")
    return found


def _animation_faults(file: GltfFile) -> list[str]:
    animations = file.table("animations")
    if len(animations) > 1:
        return [f"animations: {len(animations)}"]
    found = []
    for sampler in animations[0]["samplers"] if animations else []:
        if sampler.get("interpolation", "LINEAR") != "LINEAR":
            found.append(f"interpolation: {sampler['interpolation']}")
        times = file.accessor(sampler["input"])[:, 0]
        if times[0] != 0 or not (np.diff(times) > 0).all():
            found.append(f"times: accessor {sampler['input']}")
    return found


def _colour_faults(file: GltfFile, colours: dict[str, tuple[int, int, int]]) -> list[str]:
    found = []
    nodes = {node["name"]: node for node in file.table("nodes")}
    for name, colour in colours.items():
        if name not in nodes:
            continue
        part = file.table("meshes")[nodes[name]["mesh"]]["primitives"][0]
        light = file.accessor(part["attributes"]["COLOR_0"]).max(axis=0)
        shown = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055) * 255
        if np.abs(shown - colour).max() > 3.0:
            found.append(f"colour: {name} is {shown.round().tolist()} instead of {list(colour)}")
    return found


def _position_faults(
    file: GltfFile,
    times_s: NDArray[np.float64],
    expected_m: dict[str, NDArray[np.float32]],
    bound_m: float,
    drift_m: float,
) -> list[str]:
    found = []
    offsets = []
    names = {node["name"] for node in file.table("nodes")}
    for name, expected in expected_m.items():
        if name not in names:
            found.append(f"missing: {name}")
            continue
        stage = np.asarray(expected, dtype=float)
        miss = file.positions(name, times_s) - np.stack([stage[:, 0], stage[:, 2], -stage[:, 1]], axis=-1)
        offsets.append(miss.mean(axis=0))
        worst = float(np.linalg.norm(miss, axis=1).max())
        if worst > bound_m:
            found.append(f"position: {name} is {worst:.3f} m off")
    drift = np.abs(np.mean(offsets, axis=0)).max() if offsets else 0.0
    return found + ([f"shifted: {drift:.3f} m on average"] if drift > drift_m else [])
