"""NumPy arrays as VTK reads them, without copies.

The arrays stay the owners of their memory: write into them in place, then call ``Modified()`` on the
VTK array, and the next picture shows it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from vtkmodules.util.numpy_support import numpy_to_vtk
from vtkmodules.vtkCommonCore import vtkPoints
from vtkmodules.vtkCommonDataModel import vtkCellArray, vtkPolyData

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from tracker3d.render.vtk_types import VtkArray, VtkPolyData


def vtk_array(values: NDArray[Any], *, name: str = "") -> VtkArray:
    """Return a VTK array that shares the memory of C-contiguous ``values`` (n,) or (n, components)."""
    array = numpy_to_vtk(values, deep=False)
    if name:
        array.SetName(name)
    return array


def triangle_cells(faces: NDArray[np.integer[Any]]) -> Any:
    """Return the cell array of triangles ``faces`` (m, 3)."""
    connectivity = np.ascontiguousarray(faces, np.int32).reshape(-1)
    offsets = np.arange(0, len(connectivity) + 1, 3, dtype=np.int32)
    cells = vtkCellArray()
    cells.SetData(vtk_array(offsets), vtk_array(connectivity))
    return cells


def triangles(
    points: NDArray[np.float32],
    faces: NDArray[np.integer[Any]],
    *,
    colours: NDArray[np.uint8] | None = None,
    uv: NDArray[np.float32] | None = None,
    normals: NDArray[np.float32] | None = None,
) -> VtkPolyData:
    """Return triangles over ``points`` (n, 3) float32 that share the memory of the arrays.

    Parameters
    ----------
    points : (n, 3) float32
    faces : (m, 3) int
    colours : (n, 3) or (n, 4) uint8
        sRGB, drawn as they are.
    uv : (n, 2) float32
        Texture coordinates, (0, 0) at the bottom left of the image.
    normals : (n, 3) float32
    """
    data = vtkPolyData()
    refill(data, points, faces, colours=colours, uv=uv, normals=normals)
    return data


def refill(
    data: VtkPolyData,
    points: NDArray[np.float32],
    faces: NDArray[np.integer[Any]],
    *,
    colours: NDArray[np.uint8] | None = None,
    uv: NDArray[np.float32] | None = None,
    normals: NDArray[np.float32] | None = None,
) -> None:
    """Put other triangles into ``data``; what draws it goes on. See :func:`triangles`."""
    vertices = vtkPoints()
    vertices.SetData(vtk_array(points))
    data.SetPoints(vertices)
    data.SetPolys(triangle_cells(faces))
    if colours is not None:
        data.GetPointData().SetScalars(vtk_array(colours, name="colours"))
    if uv is not None:
        data.GetPointData().SetTCoords(vtk_array(uv, name="uv"))
    if normals is not None:
        data.GetPointData().SetNormals(vtk_array(normals, name="normals"))


def strip_faces(rows: int, columns: int) -> NDArray[np.int32]:
    """Return the triangles ((rows - 1) * (columns - 1) * 2, 3) of a grid of points, row by row.

    Counter-clockwise seen from above when columns run to the right of the rows' direction.
    """
    first = (np.arange(rows - 1)[:, None] * columns + np.arange(columns - 1)).reshape(-1)
    one = np.stack([first, first + 1, first + columns + 1], axis=-1)
    other = np.stack([first, first + columns + 1, first + columns], axis=-1)
    return np.concatenate([one, other]).astype(np.int32)


def quad_faces(count: int) -> NDArray[np.int32]:
    """Return the triangles (2 * count, 3) of quads with four corners each, counter-clockwise."""
    first = np.arange(count)[:, None, None] * 4
    faces: NDArray[np.int32] = (first + np.array([[0, 1, 2], [0, 2, 3]])).reshape(-1, 3).astype(np.int32)
    return faces


def merged(
    parts: Sequence[tuple[NDArray[np.float32], NDArray[np.int32]]],
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Join (points, faces) of several pieces into one."""
    starts = np.cumsum([0, *(len(points) for points, _ in parts[:-1])])
    points = np.concatenate([points for points, _ in parts]).astype(np.float32)
    faces = np.concatenate([faces + start for start, (_, faces) in zip(starts, parts, strict=True)])
    return points, faces.astype(np.int32)
