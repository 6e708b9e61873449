"""The model of a GLB as USDZ for Quick Look on iOS, through usd-core.

Quick Look knows no vertex colours, no unlit materials and no lines. So every triangle gets one colour from a
palette, light is emitted instead of reflected, and lines stay behind, as do cameras. Times become codes of
:data:`CODES_PER_SECOND`; positions are the same numbers.
"""

from __future__ import annotations

import io
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from tracker3d.errors import InputError
from tracker3d.export.glb import LINE_STRIP, srgb

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tracker3d.export.glb import GlbWriter

CODES_PER_SECOND = 24.0

_PALETTE_SIDE = 64
_CELL_PX = 4
"""Cells are wider than one pixel, so that smoothing does not mix neighbours."""

_DTYPES = {5121: "<u1", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
_WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4}


def write_usdz(writer: GlbWriter, path: Path, *, root: int) -> int:
    """Write what a writer holds as a USDZ package; returns its size in bytes.

    Raises
    ------
    InputError
        usd-core is not installed.
    """
    try:
        from pxr import UsdUtils
    except ImportError as error:
        raise InputError(
            "USDZ needs usd-core, which is not installed; run pip install 'tracker3d[usdz]'."
        ) from error
    with tempfile.TemporaryDirectory(prefix="tracker3d-usdz.") as folder:
        layer = Path(folder) / "stage.usdc"
        _Conversion(writer.document(root=root), writer.blob(), layer).run(root)
        if not UsdUtils.CreateNewUsdzPackage(str(layer), str(path)):
            raise InputError(f"{path.name} cannot be packed as USDZ.")
    return path.stat().st_size


class _Conversion:
    """One model on its way: tables of glTF in, a layer of USD and its pictures out."""

    def __init__(self, document: dict[str, Any], blob: bytes, layer: Path) -> None:
        from pxr import Usd, UsdGeom

        self._document = document
        self._blob = blob
        self._folder = layer.parent
        self._stage = Usd.Stage.CreateNew(str(layer))
        UsdGeom.SetStageUpAxis(self._stage, UsdGeom.Tokens.y)
        UsdGeom.SetStageMetersPerUnit(self._stage, 1.0)
        self._stage.SetTimeCodesPerSecond(CODES_PER_SECOND)
        self._stage.SetFramesPerSecond(CODES_PER_SECOND)
        self._moves = {
            channel["target"]["node"]: document["animations"][0]["samplers"][channel["sampler"]]
            for channel in document.get("animations", [{"channels": []}])[0]["channels"]
            if channel["target"]["path"] == "translation"
        }
        self._palette = _palette(document, self._values)
        self._materials: dict[str, Any] = {}

    def run(self, root: int) -> None:
        """Convert everything below the root and save the layer."""
        self._last_code = 0.0
        prim = self._node(root, "")
        self._stage.SetDefaultPrim(prim)
        extras = self._document["nodes"][root].get("extras", {})
        self._stage.GetRootLayer().customLayerData = {
            key: value for key, value in extras.items() if isinstance(value, str | bool | int | float)
        }
        self._stage.SetStartTimeCode(0.0)
        self._stage.SetEndTimeCode(self._last_code)
        self._stage.GetRootLayer().Save()

    def _values(self, accessor: int) -> NDArray[Any]:
        entry = self._document["accessors"][accessor]
        view = self._document["bufferViews"][entry["bufferView"]]
        kind, width = np.dtype(_DTYPES[entry["componentType"]]), _WIDTHS[entry["type"]]
        stride = view.get("byteStride", kind.itemsize * width)
        start = view["byteOffset"] + entry.get("byteOffset", 0)
        values = np.ndarray((entry["count"], width), kind, self._blob, start, (stride, kind.itemsize))
        return values / np.iinfo(kind).max if entry.get("normalized") else values

    def _node(self, index: int, above: str) -> Any:
        from pxr import Gf, UsdGeom

        node = self._document["nodes"][index]
        path = f"{above}/{node['name']}"
        form = UsdGeom.Xform.Define(self._stage, path)
        if "translation" in node:
            move = form.AddTranslateOp(UsdGeom.XformOp.PrecisionFloat)
            move.Set(Gf.Vec3f(*node["translation"]))
            if index in self._moves:
                self._move(move, self._moves[index])
        if "scale" in node:
            form.AddScaleOp(UsdGeom.XformOp.PrecisionFloat).Set(Gf.Vec3f(*node["scale"]))
        for key, value in node.get("extras", {}).items():
            if isinstance(value, str | bool | int | float):
                form.GetPrim().SetCustomDataByKey(key, value)
        if "mesh" in node:
            parts = self._document["meshes"][node["mesh"]]["primitives"]
            for number, part in enumerate(parts):
                if part.get("mode", 4) != LINE_STRIP:
                    self._mesh(f"{path}/mesh_{number}", part)
        for child in node.get("children", ()):
            if "camera" not in self._document["nodes"][child]:
                self._node(child, path)
        return form.GetPrim()

    def _move(self, operation: Any, sampler: dict[str, Any]) -> None:
        from pxr import Gf

        codes = self._values(sampler["input"])[:, 0].astype(float) * CODES_PER_SECOND
        # Straight to the layer, which is many times faster than through the composed stage.
        layer, attribute = self._stage.GetRootLayer(), operation.GetAttr().GetPath()
        for code, place in zip(codes.tolist(), self._values(sampler["output"]).tolist(), strict=True):
            layer.SetTimeSample(attribute, code, Gf.Vec3f(place))
        self._last_code = max(self._last_code, float(codes[-1]))

    def _mesh(self, path: str, part: dict[str, Any]) -> None:
        from pxr import Sdf, UsdGeom, UsdShade, Vt

        mesh = UsdGeom.Mesh.Define(self._stage, path)
        points = np.ascontiguousarray(self._values(part["attributes"]["POSITION"]), np.float32)
        faces = self._values(part["indices"]).reshape(-1, 3).astype(np.int32)
        mesh.CreatePointsAttr(Vt.Vec3fArray.FromNumpy(points))
        mesh.CreateFaceVertexCountsAttr(Vt.IntArray.FromNumpy(np.full(len(faces), 3, np.int32)))
        mesh.CreateFaceVertexIndicesAttr(Vt.IntArray.FromNumpy(faces.ravel()))
        mesh.CreateSubdivisionSchemeAttr(UsdGeom.Tokens.none)
        mesh.CreateExtentAttr(Vt.Vec3fArray.FromNumpy(np.stack([points.min(axis=0), points.max(axis=0)])))
        material = self._document["materials"][part["material"]]
        mesh.CreateDoubleSidedAttr(bool(material.get("doubleSided")))
        each_corner = "TEXCOORD_0" not in part["attributes"]
        if each_corner:
            uv = np.repeat(self._palette.places(_face_colours(part, self._document, self._values)), 3, axis=0)
        else:
            uv = self._values(part["attributes"]["TEXCOORD_0"])
        upright = np.stack([uv[:, 0], 1.0 - uv[:, 1]], axis=-1).astype(np.float32)
        places = UsdGeom.PrimvarsAPI(mesh).CreatePrimvar(
            "st",
            Sdf.ValueTypeNames.TexCoord2fArray,
            UsdGeom.Tokens.faceVarying if each_corner else UsdGeom.Tokens.vertex,
        )
        if each_corner:
            # One place for each colour, and a number for each corner.
            distinct, which = np.unique(upright, axis=0, return_inverse=True)
            places.Set(Vt.Vec2fArray.FromNumpy(np.ascontiguousarray(distinct)))
            places.SetIndices(Vt.IntArray.FromNumpy(which.ravel().astype(np.int32)))
        else:
            places.Set(Vt.Vec2fArray.FromNumpy(upright))
        UsdShade.MaterialBindingAPI.Apply(mesh.GetPrim()).Bind(self._material(material, each_corner))

    def _material(self, material: dict[str, Any], by_palette: bool) -> Any:
        """Return the material of a picture, made when first asked for."""
        if by_palette:
            name, data, suffix = "palette", self._palette.png(), "png"
        else:
            texture = material["pbrMetallicRoughness"]["baseColorTexture"]["index"]
            image = self._document["images"][self._document["textures"][texture]["source"]]
            view = self._document["bufferViews"][image["bufferView"]]
            data = self._blob[view["byteOffset"] : view["byteOffset"] + view["byteLength"]]
            name, suffix = image["name"], "jpg" if image["mimeType"] == "image/jpeg" else "png"
        if name not in self._materials:
            (self._folder / f"{name}.{suffix}").write_bytes(data)
            self._materials[name] = self._glowing(name, f"{name}.{suffix}")
        return self._materials[name]

    def _glowing(self, name: str, picture: str) -> Any:
        """Make a material that shows a picture in its own colours, whatever the light."""
        from pxr import Gf, Sdf, UsdShade

        root = f"/{self._document['scenes'][0]['name']}/materials/{name}"
        material = UsdShade.Material.Define(self._stage, root)
        surface = UsdShade.Shader.Define(self._stage, f"{root}/surface")
        surface.CreateIdAttr("UsdPreviewSurface")
        surface.CreateInput("diffuseColor", Sdf.ValueTypeNames.Color3f).Set(Gf.Vec3f(0.0))
        surface.CreateInput("roughness", Sdf.ValueTypeNames.Float).Set(1.0)
        surface.CreateInput("metallic", Sdf.ValueTypeNames.Float).Set(0.0)
        places = UsdShade.Shader.Define(self._stage, f"{root}/places")
        places.CreateIdAttr("UsdPrimvarReader_float2")
        places.CreateInput("varname", Sdf.ValueTypeNames.String).Set("st")
        texture = UsdShade.Shader.Define(self._stage, f"{root}/picture")
        texture.CreateIdAttr("UsdUVTexture")
        texture.CreateInput("file", Sdf.ValueTypeNames.Asset).Set(Sdf.AssetPath(f"./{picture}"))
        texture.CreateInput("sourceColorSpace", Sdf.ValueTypeNames.Token).Set("sRGB")
        for axis in ("wrapS", "wrapT"):
            texture.CreateInput(axis, Sdf.ValueTypeNames.Token).Set("clamp")
        texture.CreateInput("st", Sdf.ValueTypeNames.Float2).ConnectToSource(
            places.CreateOutput("result", Sdf.ValueTypeNames.Float2)
        )
        surface.CreateInput("emissiveColor", Sdf.ValueTypeNames.Color3f).ConnectToSource(
            texture.CreateOutput("rgb", Sdf.ValueTypeNames.Float3)
        )
        material.CreateSurfaceOutput().ConnectToSource(
            surface.CreateOutput("surface", Sdf.ValueTypeNames.Token)
        )
        return material


class _Palette:
    """Up to 4096 colours in the cells of one picture."""

    def __init__(self, colours: NDArray[np.uint8]) -> None:
        for bits in range(9):
            self._lost_bits = bits
            self._colours = np.unique(self._coarse(colours), axis=0)
            if len(self._colours) <= _PALETTE_SIDE**2:
                break

    def _coarse(self, colours: NDArray[np.uint8]) -> NDArray[np.uint8]:
        half = (1 << self._lost_bits) >> 1
        return np.asarray((colours >> self._lost_bits << self._lost_bits) | half, np.uint8)

    def places(self, colours: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Return the middle of each colour's cell, (n, 2), origin in the top left corner."""
        known = {colour.tobytes(): number for number, colour in enumerate(self._colours)}
        number = np.array([known[colour.tobytes()] for colour in self._coarse(colours)])
        return (np.stack([number % _PALETTE_SIDE, number // _PALETTE_SIDE], axis=-1) + 0.5) / _PALETTE_SIDE

    def png(self) -> bytes:
        """Return the picture."""
        cells = np.zeros((_PALETTE_SIDE**2, 3), np.uint8)
        cells[: len(self._colours)] = self._colours
        image = (
            cells.reshape(_PALETTE_SIDE, _PALETTE_SIDE, 3).repeat(_CELL_PX, axis=0).repeat(_CELL_PX, axis=1)
        )
        stream = io.BytesIO()
        Image.fromarray(image).save(stream, "PNG", optimize=True)
        return stream.getvalue()


def _palette(document: dict[str, Any], values: Any) -> _Palette:
    colours = [
        _face_colours(part, document, values)
        for mesh in document["meshes"]
        for part in mesh["primitives"]
        if part.get("mode", 4) != LINE_STRIP and "TEXCOORD_0" not in part["attributes"]
    ]
    return _Palette(np.concatenate(colours) if colours else np.zeros((1, 3), np.uint8))


def _face_colours(part: dict[str, Any], document: dict[str, Any], values: Any) -> NDArray[np.uint8]:
    """Return the mean colour of each triangle, sRGB bytes (m, 3)."""
    faces = values(part["indices"]).reshape(-1, 3)
    surface = document["materials"][part["material"]]["pbrMetallicRoughness"]
    factor = np.array(surface.get("baseColorFactor", (1.0, 1.0, 1.0, 1.0)))[:3]
    if "COLOR_0" in part["attributes"]:
        light = values(part["attributes"]["COLOR_0"])[faces].mean(axis=1) * factor
    else:
        light = np.broadcast_to(factor, (len(faces), 3))
    return srgb(light)
