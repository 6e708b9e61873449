"""What the graphics processor computes for us: haze, the order of depths, lines with a least width.

All colours come with their light baked in, so fragments are only veiled by distance. Depths are
adjusted in clip space. With d the distance along the line of sight and the projection
``z = a d + b`` (``w = d``), drawing a point as if it were at distance ``d'`` and leaving it where it is on
the screen means ``z' = a d + b d / d'``:

* the ground is drawn slightly farther away than it is (``d' = d (1 + share) + 1 m``), so that whatever
  stands or lies on it wins near and far, without polygon offsets whose reach would depend on the near
  plane;
* the road is drawn slightly nearer (``d' = d (1 - share)``), since the width of its lines on the screen may
  reach into a slope beside it: casing, ribbon, line in this order, and what stands on it as much as the line;
* tunnels are drawn through the mountain with ``d'`` a small part of ``d``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vtkmodules.vtkRenderingOpenGL2 import vtkOpenGLShaderProperty

if TYPE_CHECKING:
    from tracker3d.render.vtk_types import VtkMapper, VtkShaderProperty

GROUND_SHARE = 0.003
"""By how much of its distance the ground is pushed away."""
CASING_SHARE, RIBBON_SHARE, LINE_SHARE = 0.002, 0.003, 0.004
"""By how much of their distance the layers of the road are drawn nearer."""
TUNNEL_SHARE = 0.9
_STRONGEST_HAZE = 0.72
_LINE_FRAME = "roadLineFrame"

_DECLARE = "//VTK::PositionVC::Dec"
_PLACE = "//VTK::PositionVC::Impl"
_FINISH = "//VTK::TCoord::Impl"

_WIDEN = """
  {
    vec4 ahead = MCDCMatrix * vec4(vertexMC.xyz + roadLineFrame.xyz, 1.0);
    vec2 along = (ahead.xy * gl_Position.w - gl_Position.xy * ahead.w) / t3dPixel;
    float reach = max(length(along), 1.0e-20);
    vec2 across = vec2(along.y, -along.x) / reach;
    vec3 edgeMC = normalize(vec3(roadLineFrame.y, -roadLineFrame.x, 1.0e-9)) * %.6f;
    vec4 edge = MCDCMatrix * vec4(vertexMC.xyz + edgeMC, 1.0);
    vec2 surface = (edge.xy * gl_Position.w - gl_Position.xy * edge.w) / max(edge.w * gl_Position.w, 1.0e-6);
    float half_px = %.6f;
    half_px *= clamp(2.0 - abs(dot(surface / t3dPixel, across)) / half_px, 0.0, 1.0);
    gl_Position.xy += across * roadLineFrame.w * half_px * t3dPixel * max(gl_Position.w, 0.0);
  }
"""
_PUSH = """
  {
    float slope = t3dDepth;
    float reach = gl_Position.z - slope * gl_Position.w;
    float away = max(gl_Position.w, 1.0);
    gl_Position.z = slope * gl_Position.w + reach * away / (away * %.6f + %.6f);
  }
"""
_VEIL = """
  {
    float far = t3dHaze / gl_FragCoord.w;
    float veil = %.4f * (1.0 - exp(-far * far));
    gl_FragData[0].rgb = mix(gl_FragData[0].rgb, t3dHazeColour, veil);
  }
"""


@dataclass(frozen=True)
class FrameUniforms:
    """What all shaders need to know of one frame.

    Attributes
    ----------
    near_m, far_m : float
        Clipping planes.
    pixel : (float, float)
        Width and height of a pixel of the picture in normalised device coordinates.
    haze_m : float
        Distance at which haze has two thirds of its strength.
    haze_rgb : (float, float, float)
        0 to 1.
    """

    near_m: float
    far_m: float
    pixel: tuple[float, float]
    haze_m: float
    haze_rgb: tuple[float, float, float]


class Shading:
    """The shader properties of one view; actors that are shaded alike share one."""

    def __init__(self, *, haze: bool = True) -> None:
        self._haze = haze
        self._made: dict[tuple[float, float, float, float, bool], VtkShaderProperty] = {}

    def ground(self) -> VtkShaderProperty:
        """Return that of the ground: pushed away from the eye, so that the road lies on it."""
        return self._property(1.0 + GROUND_SHARE, 1.0, 0.0)

    def ribbon(self) -> VtkShaderProperty:
        """Return that of the road's surface."""
        return self._property(1.0 - RIBBON_SHARE, 0.0, 0.0)

    def standing(self, *, glyphs: bool = False) -> VtkShaderProperty:
        """Return that of what stands on the road, drawn once or as ``glyphs``."""
        return self._property(1.0 - LINE_SHARE, 0.0, 0.0, glyphs=glyphs)

    def line(
        self, width_px: float, *, share: float = LINE_SHARE, surface_m: float = 0.0
    ) -> VtkShaderProperty:
        """Return that of a line of a width on the screen; its mapper needs :func:`use_line_frame`.

        Where a surface of width ``surface_m`` along it is wider on the screen than the line, the line
        gives way to it.
        """
        return self._property(1.0 - share, 0.0, width_px / 2.0, surface_m=surface_m)

    def update(self, frame: FrameUniforms) -> None:
        """Set the uniforms of all properties for this frame."""
        depth = (frame.far_m + frame.near_m) / (frame.far_m - frame.near_m)
        for (_, _, half_px, _, _), made in self._made.items():
            vertex = made.GetVertexCustomUniforms()
            vertex.SetUniformf("t3dDepth", depth)
            if half_px:
                vertex.SetUniform2f("t3dPixel", frame.pixel)
            if self._haze:
                fragment = made.GetFragmentCustomUniforms()
                fragment.SetUniformf("t3dHaze", 1.0 / frame.haze_m)
                fragment.SetUniform3f("t3dHazeColour", frame.haze_rgb)

    def _property(
        self, share: float, offset_m: float, half_px: float, *, surface_m: float = 0.0, glyphs: bool = False
    ) -> VtkShaderProperty:
        key = (share, offset_m, half_px, surface_m, glyphs)
        if key in self._made:
            return self._made[key]
        made = vtkOpenGLShaderProperty()
        place = _PLACE
        if half_px:
            made.AddVertexShaderReplacement(_DECLARE, True, f"{_DECLARE}\nin vec4 {_LINE_FRAME};\n", False)
            place += _WIDEN % (surface_m / 2.0, half_px)
        if glyphs:  # whose vertex shader does not declare custom uniforms by itself
            made.AddVertexShaderReplacement(_DECLARE, True, f"{_DECLARE}\nuniform float t3dDepth;\n", False)
        place += _PUSH % (share, offset_m)
        made.AddVertexShaderReplacement(_PLACE, True, place, False)
        if self._haze:
            made.AddFragmentShaderReplacement(_FINISH, True, _FINISH + _VEIL % _STRONGEST_HAZE, False)
        self._made[key] = made
        return made


def use_line_frame(mapper: VtkMapper, array_name: str) -> None:
    """Feed the point array ``array_name`` (n, 4: direction of the line, side -1 or 1) to a line's shader."""
    mapper.MapDataArrayToVertexAttribute(_LINE_FRAME, array_name, 0, -1)
