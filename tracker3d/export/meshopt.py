"""An encoder of the meshopt bitstreams of glTF's extension ``KHR_meshopt_compression``.

Arrays of vertices and keys are written as differences from the element before, byte plane by byte plane, in
groups of 16 that take 0, 1, 2, 4 or 8 bits each (attributes, version 1). Triangles are written as references
to edges and vertices that were used lately (version 1). Both are compiled: each decision depends on the one
before.

The decoders of the meshoptimizer library read what is written here; the tests have them do so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tracker3d.track.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray

_ATTRIBUTES, _TRIANGLES = 0xA1, 0xE1
_GROUP = 16
_BLOCK_BYTES, _BLOCK_ELEMENTS = 8192, 256
_LEAST_TAIL = 24
_WIDTHS = np.array([[0, 1, 2, 4], [1, 2, 4, 8]], np.int64)
"""Bits of a group by the two bits of its header, for the two ways of a plane."""
_ZERO, _LITERAL = 2, 3
_BYTES, _WORDS, _XOR = 0, 1, 2
_KINDS = ("<u1", "<u2", "<u4")
"""What differences are taken of, by the mode of a channel."""
_PAIRS = np.array(
    [0, 0x76, 0x87, 0x56, 0x67, 0x78, 0xA9, 0x86, 0x65, 0x89, 0x68, 0x98, 1, 0x69, 0, 0], np.uint8
)
"""Pairs of recent vertices that take no byte of their own; they travel with the stream."""


def encode_attributes(values: NDArray[np.generic]) -> bytes:
    """Encode an array of elements, (n, width) of any type, whose elements are multiples of 4 bytes.

    Elements may be 256 bytes at most. What decoders return is the same to the bit.
    """
    rows = np.ascontiguousarray(values)
    data = rows.view(np.uint8).reshape(len(rows), -1)
    stride = data.shape[1]
    if stride % 4 or not 4 <= stride <= 256:
        raise ValueError(f"elements of {stride} bytes cannot be encoded")
    modes = np.empty(stride // 4, np.uint8)
    planes = np.empty((stride, len(data)), np.uint8)
    for channel in range(stride // 4):
        part = np.ascontiguousarray(data[:, 4 * channel : 4 * channel + 4])
        tried = [_differences(part, mode) for mode in (_BYTES, _WORDS, _XOR)]
        sizes = [_size(one, _block(stride)) for one in tried]
        modes[channel] = int(np.argmin(sizes))
        planes[4 * channel : 4 * channel + 4] = tried[modes[channel]]
    tail = np.concatenate([data[0], modes])
    padding = np.zeros(max(0, _LEAST_TAIL - len(tail)), np.uint8)
    body = _written(planes, _block(stride))
    return bytes([_ATTRIBUTES]) + body.tobytes() + padding.tobytes() + tail.tobytes()


def encode_triangles(faces: NDArray[np.integer]) -> bytes:
    """Encode triangles (m, 3); decoders may return each with another corner first.

    Small where triangles follow their neighbours and vertices their first use: see :func:`in_strips`.
    """
    codes, data = _triangles(np.ascontiguousarray(faces, np.int64))
    return bytes([_TRIANGLES]) + codes.tobytes() + data.tobytes() + _PAIRS.tobytes()


def in_strips(faces: NDArray[np.integer], vertices: int) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Put triangles after their neighbours and vertices in the order of first use.

    Parameters
    ----------
    faces : (m, 3) int
    vertices : int
        How many there are.

    Returns
    -------
    (m, 3) int32
        The same triangles, in new numbers.
    (k,) int64
        Which old vertices the new ones are; unused ones are left out.
    """
    table = np.ascontiguousarray(faces, np.int64)
    ordered = table[_walked(table, _neighbours(table, vertices))]
    old, first, new = np.unique(ordered, return_index=True, return_inverse=True)
    rank = np.empty(len(old), np.int64)
    by_use = np.argsort(first)
    rank[by_use] = np.arange(len(old))
    return rank[new].reshape(-1, 3).astype(np.int32), old[by_use]


def exponential(values: NDArray[np.float32], exponent: int) -> NDArray[np.int32]:
    """Return float32 values as the filter ``EXPONENTIAL`` reads them: whole numbers of 2 ** ``exponent``.

    Raises
    ------
    ValueError
        A value is none, or too large for 24 bits.
    """
    steps = np.asarray(values, np.float64) / 2.0**exponent
    if (steps != np.round(steps)).any() or np.abs(steps).max(initial=0) >= 2**23:
        raise ValueError(f"values cannot be held as whole numbers of 2 ** {exponent}")
    return np.asarray((steps.astype(np.int64) & 0xFFFFFF) | ((exponent & 0xFF) << 24), np.uint32).view(
        np.int32
    )


def _block(stride: int) -> int:
    return min(_BLOCK_BYTES // stride // _GROUP * _GROUP, _BLOCK_ELEMENTS)


def _differences(part: NDArray[np.uint8], mode: int) -> NDArray[np.uint8]:
    """Return the byte planes (4, n) of differences of one channel (n, 4)."""
    kind = np.dtype(_KINDS[mode])
    values = part.view(kind)
    before = np.concatenate([values[:1], values[:-1]])
    if mode == _XOR:
        planes = values ^ before
    else:
        step = (values - before).astype(kind)
        sign = (step >> (8 * kind.itemsize - 1)).astype(kind)
        planes = ((step << 1) ^ (0 - sign).astype(kind)).astype(kind)
    return np.ascontiguousarray(planes.view(np.uint8).reshape(len(part), 4).T)


@compiled
def _size(planes: NDArray[np.uint8], block: int) -> int:
    """Return how many bytes planes take."""
    total = 0
    for plane in planes:
        for start in range(0, len(plane), block):
            total += _choice(plane[start : start + block])[1]
    return total


@compiled
def _choice(plane: NDArray[np.uint8]) -> tuple[int, int]:
    """Return the best way to write a plane of one block, and its size in bytes."""
    if not plane.any():
        return _ZERO, 0
    groups = (len(plane) + _GROUP - 1) // _GROUP
    best, size = _LITERAL, len(plane)
    for way in range(2):
        total = (groups + 3) // 4
        for start in range(0, len(plane), _GROUP):
            total += _group(plane[start : start + _GROUP], way)[1]
        if total < size:
            best, size = way, total
    return best, size


@compiled
def _group(values: NDArray[np.uint8], way: int) -> tuple[int, int]:
    """Return the header of a group, and its size in bytes."""
    best, size = -1, 1 << 30
    for header in range(4):
        bits = _WIDTHS[way, header]
        taken = _GROUP * bits // 8
        for value in values:
            if bits < 8 and value >= (1 << bits) - 1 and (bits > 0 or value > 0):
                taken += 1 if bits > 0 else 1 << 20
        if taken < size:
            best, size = header, taken
    return best, size


@compiled
def _written(planes: NDArray[np.uint8], block: int) -> NDArray[np.uint8]:
    stride, count = planes.shape
    blocks = (count + block - 1) // block
    out = np.zeros(planes.size * 9 // 8 + blocks * (stride * 24 + 64) + 64, np.uint8)
    at = 0
    for start in range(0, count, block):
        controls = at
        at += stride // 4
        for number in range(stride):
            plane = planes[number, start : start + block]
            way = _choice(plane)[0]
            out[controls + number // 4] |= way << (number % 4 * 2)
            if way == _LITERAL:
                out[at : at + len(plane)] = plane
                at += len(plane)
            elif way != _ZERO:
                at = _write_plane(out, at, plane, way)
    return out[:at]


@compiled
def _write_plane(out: NDArray[np.uint8], at: int, plane: NDArray[np.uint8], way: int) -> int:
    groups = (len(plane) + _GROUP - 1) // _GROUP
    headers = at
    at += (groups + 3) // 4
    for group in range(groups):
        values = plane[group * _GROUP : (group + 1) * _GROUP]
        header = _group(values, way)[0]
        out[headers + group // 4] |= header << (group % 4 * 2)
        bits = _WIDTHS[way, header]
        if bits == 8:
            out[at : at + len(values)] = values
            at += _GROUP
        elif bits > 0:
            at = _write_group(out, at, values, bits)
    return at


@compiled
def _write_group(out: NDArray[np.uint8], at: int, values: NDArray[np.uint8], bits: int) -> int:
    """Write a group: some bits for each value, and a byte for each that does not fit."""
    most = (1 << bits) - 1
    fixed, at = at, at + _GROUP * bits // 8
    for number in range(len(values)):
        value = min(values[number], most)
        place = number * bits
        # Single bits start with the lowest, wider ones with the highest.
        shift = place % 8 if bits == 1 else 8 - bits - place % 8
        out[fixed + place // 8] |= value << shift
        if values[number] >= most:
            out[at] = values[number]
            at += 1
    return at


@compiled
def _neighbours(faces: NDArray[np.int64], vertices: int) -> NDArray[np.int64]:
    """Return for each side of each triangle the triangle across it, -1 for none; (m, 3)."""
    across = np.full(faces.shape, -1, np.int64)
    low = np.empty_like(faces)
    for face in range(len(faces)):
        for side in range(3):
            low[face, side] = min(faces[face, side], faces[face, (side + 1) % 3])
    order = np.argsort(low.ravel(), kind="mergesort")
    ends = np.searchsorted(low.ravel()[order], np.arange(vertices + 1))
    for vertex in range(vertices):
        members = order[ends[vertex] : ends[vertex + 1]]
        for first in range(len(members)):
            for second in range(first + 1, len(members)):
                one, other = members[first], members[second]
                ends_one = faces[one // 3, one % 3] + faces[one // 3, (one % 3 + 1) % 3]
                ends_other = faces[other // 3, other % 3] + faces[other // 3, (other % 3 + 1) % 3]
                if ends_one == ends_other:
                    across[one // 3, one % 3] = other // 3
                    across[other // 3, other % 3] = one // 3
    return across


@compiled
def _walked(faces: NDArray[np.int64], across: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return an order of triangles in which most follow over an edge that was used lately."""
    order = np.empty(len(faces), np.int64)
    done = np.zeros(len(faces), np.bool_)
    recent = np.full(16, -1, np.int64)
    newest, fresh = 0, 0
    for number in range(len(faces)):
        chosen = -1
        for back in range(16):
            side = recent[(newest - 1 - back) % 16]
            if chosen < 0 and side >= 0:
                other = across[side // 3, side % 3]
                if other >= 0 and not done[other]:
                    chosen = other
        while chosen < 0:
            if not done[fresh]:
                chosen = fresh
            fresh += 1
        order[number] = chosen
        done[chosen] = True
        for side in range(3):
            other = across[chosen, side]
            if other >= 0 and not done[other]:
                recent[newest % 16] = 3 * chosen + side
                newest += 1
    return order


@compiled
def _triangles(faces: NDArray[np.int64]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    codes = np.empty(len(faces), np.uint8)
    data = np.empty(len(faces) * 16 + 16, np.uint8)
    edges, recent = np.full((16, 2), -1, np.int64), np.full(16, -1, np.int64)
    state = np.zeros(
        5, np.int64
    )  # newest edge, newest vertex, next new vertex, last coded vertex, bytes of data
    for number in range(len(faces)):
        a, b, c = faces[number]
        codes[number] = _over_edge(a, b, c, edges, recent, state, data)
        if codes[number] == 0xFF:
            codes[number] = _alone(a, b, c, edges, recent, state, data)
    return codes, data[: state[4]]


@compiled
def _over_edge(
    a: int,
    b: int,
    c: int,
    edges: NDArray[np.int64],
    recent: NDArray[np.int64],
    state: NDArray[np.int64],
    data: NDArray[np.uint8],
) -> int:
    """Encode a triangle by one of the last 15 edges and its third corner; 0xFF where it has none of them."""
    for back in range(15):
        edge = edges[(state[0] - 1 - back) % 16]
        for _ in range(3):
            if edge[0] == a and edge[1] == b:
                found = _recent(c, recent, state)
                if 1 <= found < 13:
                    how = found
                elif c == state[2]:
                    how = 0
                    state[2] += 1
                elif c == state[3] - 1 or c == state[3] + 1:
                    how = 13 if c < state[3] else 14
                    state[3] = c
                else:
                    how = 15
                    _write_index(c, state, data)
                if how == 0 or how >= 13:
                    _remember(c, recent, state)
                _push_edge(c, b, edges, state)
                _push_edge(a, c, edges, state)
                return back << 4 | how
            a, b, c = b, c, a
    return 0xFF


@compiled
def _alone(
    a: int,
    b: int,
    c: int,
    edges: NDArray[np.int64],
    recent: NDArray[np.int64],
    state: NDArray[np.int64],
    data: NDArray[np.uint8],
) -> int:
    """Encode a triangle by its three corners, a new one first where there is one."""
    if b == state[2]:
        a, b, c = b, c, a
    elif c == state[2]:
        a, b, c = c, a, b
    known_b, known_c = _recent(b, recent, state), _recent(c, recent, state)
    new_a = a == state[2]
    state[2] += new_a
    how_b = known_b + 1 if 0 <= known_b < 14 else (0 if b == state[2] else 15)
    state[2] += how_b == 0
    how_c = known_c + 1 if 0 <= known_c < 14 else (0 if c == state[2] else 15)
    state[2] += how_c == 0
    pair, code = how_b << 4 | how_c, -1
    for number in range(14):
        if new_a and _PAIRS[number] == pair and code < 0:
            code = 0xF0 | number
    if code < 0:
        code = 0xFE if new_a else 0xFF
        data[state[4]] = pair
        state[4] += 1
        if not new_a:
            _write_index(a, state, data)
        if how_b == 15:
            _write_index(b, state, data)
        if how_c == 15:
            _write_index(c, state, data)
    _remember(a, recent, state)
    if how_b in (0, 15):
        _remember(b, recent, state)
    if how_c in (0, 15):
        _remember(c, recent, state)
    _push_edge(b, a, edges, state)
    _push_edge(c, b, edges, state)
    _push_edge(a, c, edges, state)
    return code


@compiled
def _recent(vertex: int, recent: NDArray[np.int64], state: NDArray[np.int64]) -> int:
    """Return how many other vertices were noted since this one, or -1."""
    for back in range(16):
        if recent[(state[1] - 1 - back) % 16] == vertex:
            return back
    return -1


@compiled
def _remember(vertex: int, recent: NDArray[np.int64], state: NDArray[np.int64]) -> None:
    recent[state[1] % 16] = vertex
    state[1] += 1


@compiled
def _push_edge(start: int, end: int, edges: NDArray[np.int64], state: NDArray[np.int64]) -> None:
    edges[state[0] % 16, 0], edges[state[0] % 16, 1] = start, end
    state[0] += 1


@compiled
def _write_index(vertex: int, state: NDArray[np.int64], data: NDArray[np.uint8]) -> None:
    """Write the difference from the vertex last written, seven bits a byte."""
    step = vertex - state[3]
    value = step << 1 if step >= 0 else (-step << 1) - 1
    state[3] = vertex
    while value >= 0x80:
        data[state[4]] = value & 0x7F | 0x80
        state[4] += 1
        value >>= 7
    data[state[4]] = value
    state[4] += 1
