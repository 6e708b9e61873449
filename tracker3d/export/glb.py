"""A small writer of binary glTF 2.0 on numpy and json.

:class:`GlbWriter` packs arrays into one buffer and keeps the tables that point into it. It knows the format
(alignment, bounds, names, one animation) and nothing of races. :func:`y_up` is the only place where the
stage's axes (x east, y north, z up) become those of glTF (x right, y up, z towards the viewer).

Format: Khronos Group, *glTF 2.0 Specification*; materials: extension ``KHR_materials_unlit``.
"""

from __future__ import annotations

import json
import re
import struct
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tracker3d.export.buffers import INDEX_TARGET, VERTEX_TARGET, Buffer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import ArrayLike, NDArray

TRIANGLES = 4
LINE_STRIP = 3
CAMERA_EXPONENTS = (-5, -16)
"""Powers of two on whose whole numbers cameras stand (metres) and turn (parts of quaternions)."""

_COMPONENT_TYPES = {
    np.dtype(np.uint8): 5121,
    np.dtype(np.uint16): 5123,
    np.dtype(np.uint32): 5125,
    np.dtype(np.float32): 5126,
}
_SHAPES = {1: "SCALAR", 2: "VEC2", 3: "VEC3", 4: "VEC4"}
_SAFE_NAME = re.compile(r"[A-Za-z0-9_]+")
_UNLIT = "KHR_materials_unlit"


def y_up(positions: ArrayLike) -> NDArray[np.float32]:
    """Turn stage axes (x east, y north, z up) into glTF axes: (x, z, -y); (..., 3), float32."""
    source = np.asarray(positions, dtype=np.float32)
    return np.stack([source[..., 0], source[..., 2], -source[..., 1]], axis=-1)


def linear(colours: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Turn sRGB bytes into linear light from 0 to 1, as glTF wants factors and vertex colours.

    The transfer function is that of IEC 61966-2-1.
    """
    value = np.asarray(colours, dtype=np.float32) / np.float32(255)
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4).astype(np.float32)


def srgb(light: NDArray[np.floating[Any]]) -> NDArray[np.uint8]:
    """Turn linear light from 0 to 1 into sRGB bytes: the other way round."""
    value = np.clip(np.asarray(light, dtype=np.float64), 0.0, 1.0)
    level = np.where(value <= 0.0031308, value * 12.92, 1.055 * value ** (1 / 2.4) - 0.055)
    return np.asarray(np.round(level * 255), dtype=np.uint8)


def safe_name(text: str) -> str:
    """Make a name of ``[A-Za-z0-9_]`` that starts with a letter, so that every engine keeps it as it is."""
    words = re.sub(r"\W", " ", text)
    ascii_text = unicodedata.normalize("NFKD", words).encode("ascii", "ignore").decode()
    name = re.sub(r"[^A-Za-z0-9]+", "_", ascii_text).strip("_").lower()
    return name if name[:1].isalpha() else f"n_{name}".rstrip("_")


@dataclass(frozen=True)
class Primitive:
    """One drawable part of a mesh: accessor and material indices.

    ``indices`` is -1 where vertices are drawn in their own order; ``mode`` is :data:`TRIANGLES` or
    :data:`LINE_STRIP`.
    """

    attributes: Mapping[str, int]
    material: int
    indices: int = -1
    mode: int = TRIANGLES


class GlbWriter:
    """Collects one scene and one animation, and writes them as a GLB file.

    Parameters
    ----------
    generator : str
        Name and version of the tool, as the file shall state it.
    copyright_notice : str
        Credits that viewers may show; left out when empty.
    compressed : bool
        Pack arrays by ``KHR_meshopt_compression``, which readers then need.
    """

    def __init__(self, *, generator: str, copyright_notice: str = "", compressed: bool = False) -> None:
        self._asset = {"version": "2.0", "generator": generator}
        if copyright_notice:
            self._asset["copyright"] = copyright_notice
        self._buffer = Buffer(compressed=compressed)
        self._accessors: list[dict[str, Any]] = []
        self._images: list[dict[str, Any]] = []
        self._textures: list[dict[str, Any]] = []
        self._materials: list[dict[str, Any]] = []
        self._meshes: list[dict[str, Any]] = []
        self._cameras: list[dict[str, Any]] = []
        self._nodes: list[dict[str, Any]] = []
        self._samplers: list[dict[str, Any]] = []
        self._channels: list[dict[str, Any]] = []
        self._names: set[str] = set()

    # Arrays

    def _accessor(
        self,
        array: NDArray[Any],
        *,
        target: int | None = None,
        normalized: bool = False,
        bounds: bool = False,
        exponents: Sequence[int] | None = None,
    ) -> int:
        return self._accessors_of(
            [array], target=target, normalized=normalized, bounds=bounds, exponents=exponents
        )[0]

    def _accessors_of(
        self,
        arrays: Sequence[NDArray[Any]],
        *,
        target: int | None = None,
        normalized: bool = False,
        bounds: bool = False,
        exponents: Sequence[int] | None = None,
    ) -> list[int]:
        """Add arrays of one kind, one after the other in one view; returns an accessor for each."""
        if not all(map(len, arrays)):
            raise ValueError("an empty array cannot go into a GLB")
        parts = [array.reshape(len(array), -1) for array in arrays]
        for part in parts:
            if part.dtype.kind == "f" and not np.isfinite(part).all():
                raise ValueError("numbers that are not finite cannot go into a GLB")
        view = self._buffer.add_array(np.concatenate(parts), target=target, exponents=exponents)
        stride = self._buffer.views[view].get("byteStride", parts[0].itemsize * parts[0].shape[1])
        start, accessors = 0, []
        for part in parts:
            accessor: dict[str, Any] = {
                "bufferView": view,
                "componentType": _COMPONENT_TYPES[part.dtype],
                "count": len(part),
                "type": _SHAPES[part.shape[1]],
            }
            if start:
                accessor["byteOffset"] = start * stride
            if normalized:
                accessor["normalized"] = True
            if bounds:
                accessor["min"] = part.min(axis=0).tolist()
                accessor["max"] = part.max(axis=0).tolist()
            start += len(part)
            self._accessors.append(accessor)
            accessors.append(len(self._accessors) - 1)
        return accessors

    def _spans_of(
        self,
        tables: Mapping[int, NDArray[Any]],
        spans: Sequence[tuple[int, int, int]],
        *,
        exponents: Sequence[int],
    ) -> dict[tuple[int, int, int], int]:
        """Add tables in one view; returns an accessor for each different (table, first row, rows)."""
        rows = np.concatenate(list(tables.values()))
        if not np.isfinite(rows).all():
            raise ValueError("numbers that are not finite cannot go into a GLB")
        view = self._buffer.add_array(rows, exponents=exponents)
        starts = dict(zip(tables, np.cumsum([0, *map(len, tables.values())]).tolist(), strict=False))
        accessors = {}
        for table, begin, count in dict.fromkeys(spans):
            accessor: dict[str, Any] = {
                "bufferView": view,
                "byteOffset": (starts[table] + begin) * rows.itemsize * rows.shape[1],
                "componentType": _COMPONENT_TYPES[rows.dtype],
                "count": count,
                "type": _SHAPES[rows.shape[1]],
            }
            self._accessors.append(accessor)
            accessors[table, begin, count] = len(self._accessors) - 1
        return accessors

    def positions(self, positions_m: ArrayLike, *, exponents: tuple[int, int, int] | None = None) -> int:
        """Add vertex positions given in stage axes, (n, 3); returns the accessor.

        Where all of them are whole numbers of 2 ** ``exponents`` (east, north, up), they pack better.
        """
        east_up_north = None if exponents is None else (exponents[0], exponents[2], exponents[1])
        return self._accessor(y_up(positions_m), target=VERTEX_TARGET, bounds=True, exponents=east_up_north)

    def colours(self, colours: NDArray[np.uint8]) -> int:
        """Add vertex colours given as sRGB bytes, (n, 3); stored linear in 16 bits for the dark tones."""
        return self.colours_of([colours])[0]

    def texture_coordinates(self, uv: ArrayLike, *, exponent: int | None = None) -> int:
        """Add texture coordinates, (n, 2) from 0 to 1, origin in the top left corner of the image.

        Where they shall be packed, whole numbers of 2 ** ``exponent`` take fewer bytes than 16 bits.
        """
        if exponent is None or not self._buffer.compressed:
            return self.texture_coordinates_of([uv])[0]
        places = np.round(np.asarray(uv, dtype=np.float64) / 2.0**exponent) * 2.0**exponent
        if places.min() < 0.0 or places.max() > 1.0:
            raise ValueError("texture coordinates must lie within the picture")
        return self._accessor(places.astype(np.float32), target=VERTEX_TARGET, exponents=[exponent] * 2)

    def texture_coordinates_of(self, parts: Sequence[ArrayLike]) -> list[int]:
        """Add texture coordinates of many small meshes; returns an accessor for each."""
        levels = [np.round(np.asarray(uv, dtype=np.float64) * 65535) for uv in parts]
        if any(part.min() < 0 or part.max() > 65535 for part in levels):
            raise ValueError("texture coordinates must lie within the picture")
        arrays = [part.astype(np.uint16) for part in levels]
        return self._accessors_of(arrays, target=VERTEX_TARGET, normalized=True)

    def colours_of(self, parts: Sequence[NDArray[np.uint8]]) -> list[int]:
        """Add vertex colours of many small meshes; returns an accessor for each."""
        arrays = [np.round(linear(colours) * 65535).astype(np.uint16) for colours in parts]
        return self._accessors_of(arrays, target=VERTEX_TARGET, normalized=True)

    def indices(self, faces: ArrayLike) -> int:
        """Add vertex indices of triangles, (m, 3), in the smallest type that holds them."""
        flat = np.asarray(faces).ravel()
        # The largest value of each type is reserved (primitive restart).
        kind = np.uint16 if flat.max() < 65535 else np.uint32
        return self._accessor(flat.astype(kind), target=INDEX_TARGET)

    # Looks

    def texture(self, data: bytes, *, mime_type: str, name: str) -> int:
        """Add an encoded JPEG or PNG picture; returns the texture. Sampling is trilinear, edges clamp."""
        self._images.append({"bufferView": self._buffer.add_bytes(data), "mimeType": mime_type, "name": name})
        self._textures.append({"source": len(self._images) - 1, "sampler": 0})
        return len(self._textures) - 1

    def unlit_material(
        self,
        name: str,
        *,
        texture: int | None = None,
        colour_rgb: tuple[int, int, int] | None = None,
        cut_out: bool = False,
        double_sided: bool = False,
    ) -> int:
        """Add a material without lighting; ``colour_rgb`` is sRGB, ``cut_out`` drops clear texels."""
        surface: dict[str, Any] = {"metallicFactor": 0.0, "roughnessFactor": 1.0}
        if texture is not None:
            surface["baseColorTexture"] = {"index": texture}
        if colour_rgb is not None:
            factor = linear(np.array(colour_rgb, dtype=np.uint8))
            surface["baseColorFactor"] = [*(round(float(level), 6) for level in factor), 1.0]
        material: dict[str, Any] = {"name": name, "pbrMetallicRoughness": surface, "extensions": {_UNLIT: {}}}
        if cut_out:
            material["alphaMode"] = "MASK"
        if double_sided:
            material["doubleSided"] = True
        self._materials.append(material)
        return len(self._materials) - 1

    def mesh(self, name: str, primitives: Sequence[Primitive]) -> int:
        """Add a mesh; several nodes may show the same one."""
        parts = []
        for primitive in primitives:
            part: dict[str, Any] = {"attributes": dict(primitive.attributes), "material": primitive.material}
            if primitive.indices >= 0:
                part["indices"] = primitive.indices
            if primitive.mode != TRIANGLES:
                part["mode"] = primitive.mode
            parts.append(part)
        self._meshes.append({"name": name, "primitives": parts})
        return len(self._meshes) - 1

    def perspective_camera(self, name: str, *, fov_deg: float, near_m: float, far_m: float) -> int:
        """Add a camera with a vertical field of view, without a fixed aspect ratio."""
        lens = {"yfov": float(np.radians(fov_deg)), "znear": float(near_m), "zfar": float(far_m)}
        self._cameras.append({"name": name, "type": "perspective", "perspective": lens})
        return len(self._cameras) - 1

    # Nodes and the animation

    def node(
        self,
        name: str,
        *,
        mesh: int | None = None,
        camera: int | None = None,
        children: Sequence[int] = (),
        translation_m: ArrayLike | None = None,
        rotation: ArrayLike | None = None,
        scale: float | None = None,
        extras: Mapping[str, Any] | None = None,
    ) -> int:
        """Add a node; returns its index.

        ``translation_m`` is in stage axes, ``rotation`` a unit quaternion (x, y, z, w) in glTF axes.

        Raises
        ------
        ValueError
            The name is taken, or holds something else than ``[A-Za-z0-9_]``.
        """
        if not _SAFE_NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no name that every engine keeps")
        if name in self._names:
            raise ValueError(f"two nodes would be called {name}")
        self._names.add(name)
        node: dict[str, Any] = {"name": name}
        if mesh is not None:
            node["mesh"] = mesh
        if camera is not None:
            node["camera"] = camera
        if len(children):
            node["children"] = [int(child) for child in children]
        if translation_m is not None:
            node["translation"] = y_up(translation_m).tolist()
        if rotation is not None:
            node["rotation"] = np.asarray(rotation, dtype=float).tolist()
        if scale is not None:
            node["scale"] = [scale] * 3
        if extras:
            node["extras"] = dict(extras)
        self._nodes.append(node)
        return len(self._nodes) - 1

    def key_times(self, times_s: ArrayLike) -> int:
        """Add the times of keys, (k,), strictly increasing from 0 or later; returns the accessor."""
        times = np.asarray(times_s, dtype=np.float32)
        _check_increase(times)
        return self._accessor(times, bounds=True)

    def animate_translation(self, node: int, key_times: int, positions_m: ArrayLike) -> None:
        """Move ``node`` along straight lines between positions in stage axes, (k, 3)."""
        self._animate(node, key_times, "translation", y_up(positions_m))

    def animate_paths(
        self,
        nodes: Sequence[int],
        times_s: Sequence[NDArray[np.float32]],
        lines: Sequence[tuple[NDArray[np.float32], int]],
        *,
        time_exponent: int,
        position_exponent: int,
    ) -> None:
        """Move many nodes, each at times of its own, (k,), along rows of a table that several may share.

        ``lines`` gives for each node a table (n, 3) in stage axes, and its first row. Times are whole numbers
        of 2 ** ``time_exponent``, positions of 2 ** ``position_exponent``.
        """
        for times in times_s:
            _check_increase(times)
        inputs = self._accessors_of(times_s, bounds=True, exponents=[time_exponent])
        spans = [(id(line), begin, len(times)) for (line, begin), times in zip(lines, times_s, strict=True)]
        tables = {id(line): line for line, _ in lines}
        outputs = self._spans_of(
            {key: y_up(line) for key, line in tables.items()}, spans, exponents=[position_exponent] * 3
        )
        for node, key_times, span in zip(nodes, inputs, spans, strict=True):
            self._add_channel(node, key_times, "translation", outputs[span])

    def animate_camera(
        self, node: int, times_s: ArrayLike, positions_m: ArrayLike, quaternions: ArrayLike
    ) -> None:
        """Move and turn ``node``: :meth:`animate_translation` and :meth:`animate_rotation` on fine grids."""
        keys = self.key_times(times_s)
        step_m, step = 2.0 ** CAMERA_EXPONENTS[0], 2.0 ** CAMERA_EXPONENTS[1]
        places = y_up(np.round(np.asarray(positions_m) / step_m) * step_m)
        turns = (np.round(np.asarray(quaternions) / step) * step).astype(np.float32)
        self._add_channel(
            node, keys, "translation", self._accessor(places, exponents=[CAMERA_EXPONENTS[0]] * 3)
        )
        self._add_channel(node, keys, "rotation", self._accessor(turns, exponents=[CAMERA_EXPONENTS[1]] * 4))

    def animate_rotation(self, node: int, key_times: int, quaternions: ArrayLike) -> None:
        """Turn ``node`` between unit quaternions (x, y, z, w) in glTF axes, (k, 4)."""
        self._animate(node, key_times, "rotation", np.asarray(quaternions, dtype=np.float32))

    def _animate(self, node: int, key_times: int, path: str, values: NDArray[np.float32]) -> None:
        self._add_channel(node, key_times, path, self._accessor(values))

    def _add_channel(self, node: int, key_times: int, path: str, output: int) -> None:
        if self._accessors[output]["count"] != self._accessors[key_times]["count"]:
            raise ValueError("there must be one value for each key")
        self._samplers.append({"input": key_times, "output": output, "interpolation": "LINEAR"})
        self._channels.append({"sampler": len(self._samplers) - 1, "target": {"node": node, "path": path}})

    # Writing

    def document(self, *, root: int, animation_name: str = "race") -> dict[str, Any]:
        """Return the JSON part; ``root`` is the only node of the scene."""
        tables: dict[str, Any] = {
            "asset": self._asset,
            "extensionsUsed": [*([_UNLIT] if self._materials else []), *self._buffer.extensions],
            "extensionsRequired": self._buffer.extensions,
            "scene": 0,
            "scenes": [{"name": self._nodes[root]["name"], "nodes": [root]}],
            "nodes": self._nodes,
            "meshes": self._meshes,
            "cameras": self._cameras,
            "materials": self._materials,
            "textures": self._textures,
            "images": self._images,
            "samplers": [{"magFilter": 9729, "minFilter": 9987, "wrapS": 33071, "wrapT": 33071}]
            if self._textures
            else [],
            "accessors": self._accessors,
            **self._buffer.tables(),
        }
        if self._channels:
            tables["animations"] = [
                {"name": animation_name, "samplers": self._samplers, "channels": self._channels}
            ]
        return {key: value for key, value in tables.items() if value not in ([], {})}

    def blob(self) -> bytes:
        """Return the binary part."""
        return self._buffer.blob()

    def write(self, path: Path, *, root: int, animation_name: str = "race") -> int:
        """Write the file; returns its size in bytes."""
        document = self.document(root=root, animation_name=animation_name)
        blob = self.blob()
        text = json.dumps(document, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()
        text += b" " * (-len(text) % 4)
        total = 12 + 8 + len(text) + (8 + len(blob) if blob else 0)
        with path.open("wb") as stream:
            stream.write(struct.pack("<4sII", b"glTF", 2, total))
            stream.write(struct.pack("<I4s", len(text), b"JSON"))
            stream.write(text)
            if blob:
                stream.write(struct.pack("<I4s", len(blob), b"BIN\0"))
                stream.write(blob)
        return total


def _check_increase(times_s: NDArray[np.float32]) -> None:
    if times_s[0] < 0 or not (np.diff(times_s) > 0).all():
        raise ValueError("key times must increase from 0")
