"""A camera's move from glTF: the animated camera of a file that another program wrote, or this one.

Read are .glb, and .gltf with its data inside or in a file beside it. The file is untrusted: sizes are
bounded, every offset is checked, and nothing outside its folder is opened.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import struct
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.spatial.transform import Rotation, Slerp

from tracker3d.errors import InputError
from tracker3d.scene.camera import RecordedCamera

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from tracker3d.scene.model import StageScene

LARGEST_BYTES = 256_000_000
MOST_KEYS = 200_000
_FPS = 25.0
_DEEPEST = 64
_USUAL_REACH_M = 500.0
_LONGEST_S = 86_400.0
_SAME_PLACE_DEG = 1e-6
_TYPES = {5120: np.int8, 5121: np.uint8, 5122: np.int16, 5123: np.uint16, 5125: np.uint32, 5126: np.float32}
_WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}
_PATHS = ("translation", "rotation", "scale")
_REST = {"translation": [0.0, 0.0, 0.0], "rotation": [0.0, 0.0, 0.0, 1.0], "scale": [1.0, 1.0, 1.0]}


def import_camera(path: Path, *, scene: StageScene | None = None) -> RecordedCamera:
    """Read the animated camera of a glTF file.

    Of several the first that moves is taken, and one that stands still where none moves. Moves are sampled
    at their keys and 25 times a second; nodes above the camera may move, too.

    Parameters
    ----------
    path : Path
    scene : StageScene | None
        The stage it is for: a file that says it was made about another origin is refused.

    Raises
    ------
    InputError
        The file cannot be read, is no glTF, has no camera, or was made for another stage.
    """
    try:
        file = _File(path)
        if scene is not None:
            file.check_place(scene)
        return file.camera()
    except InputError:
        raise
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); give an existing glTF file.") from error
    except (
        KeyError,
        IndexError,
        TypeError,
        ValueError,
        AttributeError,
        struct.error,
        RecursionError,
    ) as error:
        raise InputError(f"{path} is no glTF file that holds together; export it again.") from error


class _File:
    """The tables and the data of one file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        if path.stat().st_size > LARGEST_BYTES:
            raise InputError(
                f"{path} is larger than {LARGEST_BYTES // 1_000_000} MB; export the camera alone."
            )
        data = path.read_bytes()
        text, self._inside = _chunks(data) if data[:4] == b"glTF" else (data, b"")
        self._tables: dict[str, Any] = json.loads(text)
        self._buffers: dict[int, bytes] = {}
        self.nodes: list[dict[str, Any]] = self._tables.get("nodes", [])
        self._parents = {
            child: at for at, node in enumerate(self.nodes) for child in node.get("children", [])
        }
        self._channels = self._animated()

    def check_place(self, scene: StageScene) -> None:
        """Refuse a file that was made about another origin, or at another vertical exaggeration."""
        frame = scene.stage.frame
        here = {
            "origin_lon_deg": frame.origin_lon_deg,
            "origin_lat_deg": frame.origin_lat_deg,
            "vertical_exaggeration": frame.vertical_exaggeration,
        }
        for node in self.nodes:
            extras = node.get("extras")
            stated = extras if isinstance(extras, dict) else {}
            if any(
                abs(float(stated.get(key, value)) - value) > _SAME_PLACE_DEG for key, value in here.items()
            ):
                raise InputError(
                    f"{self.path} was made for another stage ({stated.get('title', 'without a name')}); "
                    f"export it from this one."
                )

    def camera(self) -> RecordedCamera:
        """Return the camera's move."""
        chain = self._chosen()
        times_s = self._times(chain)
        matrix = np.broadcast_to(np.eye(4), (len(times_s), 4, 4))
        for node in chain:
            matrix = matrix @ self._local(node, times_s)
        turn = matrix[:, :3, :3] / np.linalg.norm(matrix[:, :3, :3], axis=1, keepdims=True)
        if not np.isfinite(matrix).all() or not np.isfinite(turn).all():
            raise InputError(f"{self.path} moves its camera by numbers that are not finite; export it again.")
        camera = self.nodes[chain[-1]]
        lens = self._tables["cameras"][camera["camera"]].get("perspective", {})
        extras = camera.get("extras")
        given = extras if isinstance(extras, dict) else {}
        fov_deg = self._listed(given, "fov_deg", times_s, math.degrees(float(lens.get("yfov", 0.61))))
        reach_m = self._listed(given, "reach_m", times_s, _USUAL_REACH_M)
        eyes = _z_up(matrix[:, :3, 3])
        forward, ups = _z_up(-turn[:, :, 2]), _z_up(turn[:, :, 1])
        return RecordedCamera(
            times_s, eyes, eyes + reach_m[:, None] * forward, ups, np.clip(fov_deg, 2.0, 120.0)
        )

    def _chosen(self) -> list[int]:
        """Return the nodes from the root to the camera."""
        cameras = [at for at, node in enumerate(self.nodes) if "camera" in node]
        if not cameras:
            raise InputError(f"{self.path} holds no camera; export one with its animation.")
        chains = [self._chain(at) for at in cameras]
        moving = [
            chain
            for chain in chains
            if any((node, kind) in self._channels for node in chain for kind in _PATHS)
        ]
        return (moving or chains)[0]

    def _chain(self, node: int) -> list[int]:
        chain = [node]
        while chain[0] in self._parents:
            chain.insert(0, self._parents[chain[0]])
            if len(chain) > _DEEPEST:
                raise InputError(f"The nodes of {self.path} are nested too deeply; export the camera alone.")
        return chain

    def _animated(self) -> dict[tuple[int, str], dict[str, Any]]:
        """Return the samplers of the first animation that moves a node, by node and what they move."""
        channels: dict[tuple[int, str], dict[str, Any]] = {}
        for animation in self._tables.get("animations", []):
            for channel in animation["channels"]:
                target = channel["target"]
                key = (target.get("node", -1), target["path"])
                channels.setdefault(key, animation["samplers"][channel["sampler"]])
        return channels

    def _times(self, chain: list[int]) -> NDArray[np.float64]:
        samplers = [
            self._channels[node, kind] for node in chain for kind in _PATHS if (node, kind) in self._channels
        ]
        keys = [self._array(sampler["input"])[:, 0] for sampler in samplers]
        if not keys:
            return np.zeros(1)
        every = np.unique(np.concatenate(keys))
        if not (np.isfinite(every).all() and every[0] >= 0.0 and every[-1] <= _LONGEST_S):
            raise InputError(f"{self.path} has keys at impossible times; export it again.")
        if (
            all(sampler.get("interpolation", "LINEAR") == "LINEAR" for sampler in samplers)
            and np.diff(every).max(initial=0.0) < 1.5 / _FPS
        ):
            return self._few(every)
        return self._few(np.unique(np.concatenate([every, np.arange(every[0], every[-1], 1.0 / _FPS)])))

    def _few(self, times_s: NDArray[np.float64]) -> NDArray[np.float64]:
        if len(times_s) > MOST_KEYS:
            raise InputError(
                f"{self.path} has {len(times_s)} keys; {MOST_KEYS} are possible: shorten the move."
            )
        return times_s

    def _local(self, node: int, times_s: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the transform of a node within the one above it, (k, 4, 4)."""
        table = self.nodes[node]
        if "matrix" in table:
            matrix = np.array(table["matrix"], float).reshape(4, 4).T
            return np.broadcast_to(matrix, (len(times_s), 4, 4))
        move, turn, scale = (self._moved(node, kind, times_s) for kind in _PATHS)
        result = np.zeros((len(times_s), 4, 4))
        result[:, :3, :3] = Rotation.from_quat(turn).as_matrix() * scale[:, None, :]
        result[:, :3, 3] = move
        result[:, 3, 3] = 1.0
        return result

    def _moved(self, node: int, kind: str, times_s: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return translations, rotations or scales of a node, (k, 3 or 4)."""
        sampler = self._channels.get((node, kind))
        rest = np.array(self.nodes[node].get(kind, _REST[kind]), float)
        if sampler is None:
            return np.broadcast_to(rest, (len(times_s), len(rest)))
        keys, values = self._array(sampler["input"])[:, 0], self._array(sampler["output"])
        now = np.clip(times_s, keys[0], keys[-1])
        way = sampler.get("interpolation", "LINEAR")
        if way == "CUBICSPLINE":
            return _cubic(keys, values.reshape(len(keys), 3, -1), now)
        if len(values) != len(keys):
            raise ValueError("there must be one value for each key")
        if way == "STEP" or len(keys) == 1:
            return values[np.clip(np.searchsorted(keys, now, side="right") - 1, 0, len(keys) - 1)]
        if kind == "rotation":
            turned: NDArray[np.float64] = Slerp(keys, Rotation.from_quat(values))(now).as_quat()
            return turned
        return np.stack([np.interp(now, keys, column) for column in values.T], axis=-1)

    def _listed(
        self, extras: dict[str, Any], name: str, times_s: NDArray[np.float64], usual: float
    ) -> NDArray[np.float64]:
        """Return a list of the extras, one value for each key of this program's own files."""
        values = extras.get(name)
        if not isinstance(values, list) or len(values) != len(times_s):
            return np.full(len(times_s), usual)
        numbers = np.array(values, float)
        return np.where(np.isfinite(numbers) & (numbers > 0.0), numbers, usual)

    def _array(self, index: int) -> NDArray[np.float64]:
        """Return an accessor as (n, width) numbers."""
        accessor = self._tables["accessors"][index]
        if "sparse" in accessor:
            raise InputError(f"{self.path} keeps its keys in sparse accessors; export it without them.")
        view = self._tables["bufferViews"][accessor["bufferView"]]
        kind, width = np.dtype(_TYPES[accessor["componentType"]]).newbyteorder("<"), _WIDTHS[accessor["type"]]
        stride = view.get("byteStride", kind.itemsize * width)
        start = view.get("byteOffset", 0) + accessor.get("byteOffset", 0)
        count = accessor["count"]
        data = self._buffer(view["buffer"])
        if count < 1 or start < 0 or stride < kind.itemsize * width:
            raise ValueError("an accessor that makes no sense")
        if start + stride * (count - 1) + kind.itemsize * width > len(data):
            raise ValueError("an accessor reaches beyond its data")
        table = np.ndarray((count, width), kind, data, start, (stride, kind.itemsize)).astype(float)
        if accessor.get("normalized") and kind.kind in "iu":
            largest = 2 ** (8 * kind.itemsize - (kind.kind == "i")) - 1
            table = np.maximum(table / largest, -1.0)
        return table

    def _buffer(self, index: int) -> bytes:
        if index not in self._buffers:
            uri = self._tables["buffers"][index].get("uri")
            self._buffers[index] = self._inside if uri is None else self._fetched(uri)
        return self._buffers[index]

    def _fetched(self, uri: str) -> bytes:
        if uri.startswith("data:"):
            try:
                return base64.b64decode(uri.partition(",")[2], validate=True)
            except binascii.Error as error:
                raise InputError(
                    f"{self.path} holds data that cannot be decoded; export it again."
                ) from error
        beside = self.path.parent / uri
        if "/" in uri or "\\" in uri or uri.startswith(".") or not beside.is_file():
            raise InputError(
                f"{self.path} wants the file {uri!r}, which is not beside it; export it as .glb."
            )
        if beside.stat().st_size > LARGEST_BYTES:
            raise InputError(
                f"{beside} is larger than {LARGEST_BYTES // 1_000_000} MB; export the camera alone."
            )
        return beside.read_bytes()


def _chunks(data: bytes) -> tuple[bytes, bytes]:
    """Return the JSON and the binary part of a GLB."""
    _, version, total = struct.unpack_from("<4sII", data)
    if version != 2 or total > len(data):
        raise ValueError("not glTF 2.0, or cut short")
    parts: dict[bytes, bytes] = {}
    at = 12
    while at + 8 <= total:
        length, kind = struct.unpack_from("<I4s", data, at)
        parts.setdefault(kind, data[at + 8 : at + 8 + length])
        at += 8 + length + -length % 4
    return parts[b"JSON"], parts.get(b"BIN\0", b"")


def _cubic(
    keys: NDArray[np.float64], values: NDArray[np.float64], now: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Interpolate by in-tangent, value and out-tangent of each key, (k, 3, width)."""
    before = np.clip(np.searchsorted(keys, now, side="right") - 1, 0, max(len(keys) - 2, 0))
    after = np.minimum(before + 1, len(keys) - 1)
    span = np.maximum(keys[after] - keys[before], 1e-9)[:, None]
    t = np.clip((now - keys[before])[:, None] / span, 0.0, 1.0)
    result: NDArray[np.float64] = (
        (2 * t**3 - 3 * t**2 + 1) * values[before, 1]
        + span * (t**3 - 2 * t**2 + t) * values[before, 2]
        + (3 * t**2 - 2 * t**3) * values[after, 1]
        + span * (t**3 - t**2) * values[after, 0]
    )
    return result


def _z_up(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Turn glTF axes into those of the stage: (x, -z, y)."""
    return np.stack([vectors[..., 0], -vectors[..., 2], vectors[..., 1]], axis=-1)
