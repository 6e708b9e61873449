"""What the graphics processor computes for us: haze, the order of depths, lines with a least width.

All colours come with their light baked in, so fragments are only veiled by distance. Depths are
adjusted in clip space. With d the distance along the line of sight and the projection
``z = a d + b`` (``w = d``), drawing a point as if it were at distance ``d'`` and leaving it where it is on
the screen means ``z' = a d + b d / d'``:

* the ground is drawn slightly farther away than it is, so that whatever stands or lies on it wins near and
  far, without polygon offsets whose reach would depend on the near plane;
* the road is drawn nearer by some pixels' worth (the width of a pixel times a factor), since the width of its
  line on the screen may reach into a slope beside it: line, surface, and what stands on it, in this order;
* tunnels are drawn through the mountain with ``d'`` a small part of ``d``.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vtkmodules.vtkRenderingOpenGL2 import vtkOpenGLShaderProperty

from tracker3d.render.layers import Layer as Shown

if TYPE_CHECKING:
    from tracker3d.render.vtk_types import VtkMapper, VtkShaderProperty, VtkUniforms

_ASPHALT = "vec3(0.335, 0.345, 0.365)"
_PAINT = "vec3(0.90, 0.90, 0.88)"
_CASING = "vec3(0.110, 0.118, 0.133)"
LINE_FRAME = "roadLineFrame"
"""Point array (n, 4) float32 of the road: unit vector along it, side of a line from -1 to 1."""
ROAD_EDGE = "roadEdge"
"""Point array (n, 3) float32 of the road: from its middle to its right edge, metres; 0 for a line alone."""
SIGN_PLACE = "signPlace"
"""Point array (n, 3) float32 of a sign: where it stands, metres; its points are relative to that."""
ROAD_PLACE = "roadPlace"
"""Point array (n, 3) float32 of the surface, metres: to the right of its middle, along it, half width."""

_DECLARE = "//VTK::PositionVC::Dec"
_PLACE = "//VTK::PositionVC::Impl"
_FINISH = "//VTK::TCoord::Impl"
_LAST = "//VTK::DepthPeeling::Impl"
"""After this VTK drops no fragments any more for having no alpha."""

_WEIGH = """
  vec4 ahead = MCDCMatrix * vec4(vertexMC.xyz + roadLineFrame.xyz, 1.0);
  vec2 along = (ahead.xy * gl_Position.w - gl_Position.xy * ahead.w) / t3dPixel;
  vec2 across = vec2(along.y, -along.x) / max(length(along), 1.0e-20);
  vec4 edge = MCDCMatrix * vec4(vertexMC.xyz + roadEdge, 1.0);
  vec2 surface = (edge.xy * gl_Position.w - gl_Position.xy * edge.w) / max(edge.w * gl_Position.w, 1.0e-6);
  float halfPx = %.6f * t3dLineScale;
  float ratio = abs(dot(surface / t3dPixel, across)) / halfPx;
  float nearerPx = mix(%.3f, %.3f, clamp(4.0 * ratio - 4.0, 0.0, 1.0));
"""
_WIDEN = """
  halfPx *= clamp(3.0 - 2.0 * ratio, 0.0, 1.0);
  gl_Position.xy += across * roadLineFrame.w * halfPx * t3dPixel * max(gl_Position.w, 0.0);
"""
_DRAPE = """
  {
    vec2 place = clamp(tcoordVCVSOutput, 0.0, 1.0);
    vec2 along = dFdx(place), across = dFdy(place);
    vec2 size = vec2(textureSize(actortexture, 0));
    float onward = length(along * size), sideways = length(across * size);
    along = onward < sideways ? across : along;
    float least = max(min(onward, sideways), 0.25 * max(onward, sideways));
    float level = log2(max(least, 1.0e-6));
    vec4 drape = textureLod(actortexture, place - 0.375 * along, level);
    drape += textureLod(actortexture, place - 0.125 * along, level);
    drape += textureLod(actortexture, place + 0.125 * along, level);
    drape += textureLod(actortexture, place + 0.375 * along, level);
    gl_FragData[0] *= 0.25 * drape;
  }
"""
"""Reads the picture laid over the ground at four places along the longer side of what a pixel covers, for it
is seen at grazing angles. A driver's anisotropic filter does the same, but that of Mesa's software renderer
takes half a minute for a picture in which the coordinates of some pixel are no numbers.
"""
_PUSH = """
  float reach = gl_Position.z - t3dLens.x * gl_Position.w;
  float away = max(gl_Position.w, 1.0);
  float drawn = away * (%.6f - nearerPx * t3dLens.y) + %.6f;
  gl_Position.z = t3dLens.x * gl_Position.w + reach * away / drawn;
"""
_GROWN = """
  float grown = clamp(t3dGrowth * distance(t3dEye, %s), 1.0, %.1f);
  gl_Position = MCDCMatrix * vec4(%s + vertexMC.xyz * grown, 1.0);
"""
_PAINTED = """
  if (abs(length(normalMC) - %d.0) < 0.5)
    vertexColorVSOutput = vec4(%.8f, %.8f, %.8f, %.8f * vertexColorVSOutput.a);
"""
_NOISE_DECLARE = """
uint t3dMixed(uint n) {
  n = (n ^ 61u) ^ (n >> 16u);
  n *= 9u;
  n ^= n >> 4u;
  n *= 0x27d4eb2du;
  return n ^ (n >> 15u);
}
float t3dCorner(ivec2 cell) {
  return float(t3dMixed(uint(cell.x) * 73856093u ^ uint(cell.y) * 19349663u) & 255u) / 255.0 - 0.5;
}
float t3dNoise(vec2 place) {
  vec2 low = floor(place);
  ivec2 cell = ivec2(low);
  vec2 share = place - low;
  share = share * share * (3.0 - 2.0 * share);
  return mix(mix(t3dCorner(cell), t3dCorner(cell + ivec2(1, 0)), share.x),
             mix(t3dCorner(cell + ivec2(0, 1)), t3dCorner(cell + ivec2(1, 1)), share.x), share.y);
}
"""
_GRAIN = """
  {
    float reach = 1.0 / gl_FragCoord.w;
    float size = reach * t3dReach.y;
    float tufts = clamp(1.5 - size / 0.14, 0.0, 1.0);
    float fine = clamp(1.5 - size / 0.5, 0.0, 1.0);
    float coarse = clamp(1.5 - size / 1.4, 0.0, 1.0);
    vec2 turned = vec2(0.80 * t3dPlace.x - 0.60 * t3dPlace.y, 0.60 * t3dPlace.x + 0.80 * t3dPlace.y);
    float rough = 0.0;
    if (coarse > 0.0) rough += 0.50 * coarse * t3dNoise(turned / 3.7);
    if (fine > 0.0) rough += 0.55 * fine * t3dNoise(t3dPlace / 1.1);
    if (tufts > 0.0) rough += 0.60 * tufts * t3dNoise(turned / 0.31);
    vec3 ground = gl_FragData[0].rgb;
    float strength = 0.55 - 0.40 * dot(ground, vec3(0.3, 0.59, 0.11));
    gl_FragData[0].rgb = ground * (1.0 + strength * rough) + vec3(0.020, 0.012, -0.012) * rough * ground.g;
  }
"""
_PAVE = """
  {
    vec2 placed = t3dClip.xy / t3dClip.z;
    float sample = length(vec2(dFdx(t3dRoad.x), dFdy(t3dRoad.x)));
    float pixel = sample * t3dPixel.x * t3dLineScale / max(abs(dFdx(placed.x)), 1.0e-7);
    float square = t3dReach.y * t3dLineScale / gl_FragCoord.w;
    float paved = smoothstep(14.0, 45.0, 2.0 * t3dRoad.z / square);
    paved *= smoothstep(5.0, 11.0, 2.0 * t3dRoad.z / max(pixel, 1.0e-4));
    float casing = mix(0.1 * t3dRoad.z * 2.0, 0.14, paved);
    float band = casing + clamp(3.0 * pixel, 0.65, 0.3 * t3dRoad.z);
    float inward = t3dRoad.z - abs(t3dRoad.x);
    vec2 long_ = vec2(dFdx(t3dRoad.y), dFdy(t3dRoad.y));
    float plain = clamp(1.5 - pixel / 0.06, 0.0, 1.0);
    float grain = 1.0 + 0.10 * t3dNoise(t3dRoad.xy * vec2(0.9, 0.11)) + 0.05 * t3dNoise(t3dRoad.yx / 37.0);
    if (plain > 0.0) grain += 0.16 * plain * t3dNoise(t3dRoad.xy / 0.17);
    grain -= 0.07 * exp(-2.5 * pow(abs(t3dRoad.x) - 1.4, 2.0));
    vec3 ground = %s * grain;
    float dash = smoothstep(1.4, 1.6, abs(mod(t3dRoad.y, 12.0) - 6.0));
    dash = mix(1.0 - dash, 0.27, clamp(length(long_) / 3.0, 0.0, 1.0));
    float paint = t3dStripe(t3dRoad.x, 0.07, sample) * dash;
    paint = max(paint, t3dStripe(inward - band - 0.22, 0.07, sample));
    ground = mix(ground, %s, 0.85 * paint);
    float inner = paved * clamp((inward - band) / sample + 0.5, 0.0, 1.0);
    vec3 colour = mix(gl_FragData[0].rgb, ground, inner);
    gl_FragData[0].rgb = mix(%s, colour, clamp((inward - casing) / sample + 0.5, 0.0, 1.0));
  }
"""
_STRIPE_DECLARE = """
float t3dStripe(float away, float half_, float sample) {
  return clamp((half_ - abs(away)) / sample + 0.5, 0.0, 1.0) * min(1.0, 2.0 * half_ / sample);
}
"""
_CASE = """
  {
    float sample = max(length(vec2(dFdx(t3dSide), dFdy(t3dSide))), 1.0e-6);
    float cased = clamp((abs(t3dSide) - %.4f) / sample + 0.5, 0.0, 1.0);
    gl_FragData[0].rgb = mix(gl_FragData[0].rgb, %s, cased);
  }
"""
_HELD_OUT = """
  gl_FragData[0] = vec4(0.0);
"""
_NOBODY = """
  gl_FragData[0] = vec4(0.0, 0.0, 0.0, 1.0);
"""
_SOMEBODY = """
  gl_FragData[0].a = 1.0;
"""
_DISTANCE = """
  {
    float centimetres = min(floor(100.0 / gl_FragCoord.w + 0.5), 16777215.0);
    float middle = floor(mod(centimetres / 256.0, 256.0));
    vec3 counted = vec3(floor(centimetres / 65536.0), middle, mod(centimetres, 256.0));
    gl_FragData[0] = vec4(counted / 255.0, 1.0);
  }
"""
_VEIL = """
  {
    float far = t3dReach.x / gl_FragCoord.w;
    float veil = t3dAir.a * (1.0 - exp(-far * far));
    gl_FragData[0].rgb = mix(gl_FragData[0].rgb, t3dAir.rgb, veil);
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
    pixel_angle : float
        Width of a pixel at a distance of 1 m, metres.
    line_scale : float
        Factor on the width of lines.
    eye_m : (float, float, float)
        Where the camera is.
    growth_angle : float
        Reciprocal of the distance from which signs grow, 1/m.
    haze_m : float
        Distance at which haze has two thirds of its strength.
    haze_strength : float
        Share of it that the farthest ground has, 0 to 1.
    haze_rgb : (float, float, float)
        0 to 1.
    """

    near_m: float
    far_m: float
    pixel: tuple[float, float]
    pixel_angle: float
    line_scale: float
    eye_m: tuple[float, float, float]
    growth_angle: float
    haze_m: float
    haze_strength: float
    haze_rgb: tuple[float, float, float]


@dataclass(frozen=True)
class Layer:
    """How something is drawn: ``d' = d (share - nearer_px * width of a pixel at 1 m) + offset_m``.

    Attributes
    ----------
    share, nearer_px, offset_m : float
        See above.
    draped : bool
        A picture is laid over it.
    grain : bool
        Fine grain near the camera, where the picture laid over the ground is too coarse to show movement.
    paved : bool
        Asphalt with lines near the camera, between bands in the colour given; all in that colour from afar.
    road : Road | None
        For the road, whose line and surface give way to each other.
    glyphs : bool
        Drawn as copies of a shape.
    grows : float
        So many times life size at most from afar, to stay in the picture; 0 for what does not.
    paints : tuple of (red, green, blue, opacity), 0 to 1
        Colours of the parts of that shape that are alike in all copies; the first is of the part whose
        normals have a length of 2, and so on. Parts with normals of length 1 have the copy's own colour.
    """

    share: float = 1.0
    nearer_px: float = 0.0
    offset_m: float = 0.0
    draped: bool = False
    grain: bool = False
    paved: bool = False
    road: Road | None = None
    glyphs: bool = False
    grows: float = 0.0
    paints: tuple[tuple[float, float, float, float], ...] = ()


@dataclass(frozen=True)
class Road:
    """What decides between the line and the surface of the road: which of them is wider on the screen.

    Attributes
    ----------
    line_px : float
        Width of the line.
    is_line : bool
        This is the line: it is widened on the screen, and narrowed to nothing beside a wide surface.
    nearer_wide_px : float
        ``nearer_px`` where the surface is wider than the line.
    core : float
        Share of the line's width that has its colour; the rest is a dark casing.
    """

    line_px: float
    is_line: bool
    nearer_wide_px: float
    core: float = 1.0


WALL = Layer(share=1.003, offset_m=1.0, grain=True)
"""The cut edge of the ground, which has colours."""
GROUND = dataclasses.replace(WALL, draped=True)
GLOW = Layer(nearer_px=11.0)
"""Light beside the road; what stands on the road stands before it."""
SIGNS = Layer(nearer_px=12.0, grows=20.0)
"""Arches, whose mappers feed :data:`SIGN_PLACE`."""
STANDING_GLYPHS = Layer(nearer_px=12.0, glyphs=True)


def painted_glyphs(*paints: tuple[float, float, float, float]) -> Layer:
    """Return the layer of copies of a shape of several parts, see :attr:`Layer.paints`."""
    return dataclasses.replace(STANDING_GLYPHS, paints=paints)


def road_line(line_px: float, *, core: float) -> Layer:
    """Return the layer of the line that replaces the road's surface from afar."""
    return Layer(nearer_px=10.0, road=Road(line_px, is_line=True, nearer_wide_px=-40.0, core=core))


def road_surface(line_px: float) -> Layer:
    """Return the layer of the road's surface."""
    return Layer(nearer_px=0.0, paved=True, road=Road(line_px, is_line=False, nearer_wide_px=10.0))


def tunnel_line(line_px: float) -> Layer:
    """Return the layer of a line that is seen through mountains."""
    return Layer(share=0.1, road=Road(line_px, is_line=True, nearer_wide_px=0.0))


class Shading:
    """The shader properties of one view, one for each layer; ``shown`` says what is to be seen of them."""

    def __init__(self, shown: Shown = Shown.FULL) -> None:
        self._shown = shown
        self._made: dict[Layer, VtkShaderProperty] = {}
        self._uniforms: list[tuple[Layer, VtkUniforms, VtkUniforms]] = []

    def of(self, layer: Layer) -> VtkShaderProperty:
        """Return the shader property of a layer; the mappers of the road need :func:`use_road_arrays`."""
        if layer not in self._made:
            made = self._made[layer] = _shader(layer, _ending(layer, self._shown))
            sets = made.GetVertexCustomUniforms(), made.GetFragmentCustomUniforms()
            self._uniforms.append((layer, *sets))
        return self._made[layer]

    def update(self, frame: FrameUniforms) -> None:
        """Set the uniforms of all layers for this frame."""
        depth = (frame.far_m + frame.near_m) / (frame.far_m - frame.near_m)
        lens = (depth, frame.pixel_angle)
        air = (*frame.haze_rgb, frame.haze_strength)
        reach = (1.0 / frame.haze_m, frame.pixel_angle)
        for layer, vertex, fragment in self._uniforms:
            vertex.SetUniform2f("t3dLens", lens)
            if layer.road is not None:
                vertex.SetUniform2f("t3dPixel", frame.pixel)
                vertex.SetUniformf("t3dLineScale", frame.line_scale)
            if layer.paved:
                fragment.SetUniform2f("t3dPixel", frame.pixel)
                fragment.SetUniformf("t3dLineScale", frame.line_scale)
            if layer.grows:
                vertex.SetUniform3f("t3dEye", frame.eye_m)
                vertex.SetUniformf("t3dGrowth", frame.growth_angle)
            fragment.SetUniform2f("t3dReach", reach)
            fragment.SetUniform4f("t3dAir", air)


def _ending(layer: Layer, shown: Shown) -> str:
    """Return how a fragment ends: veiled by distance, held out, or as the bytes of a number."""
    if shown is Shown.DEPTH:
        return _DISTANCE
    if shown is Shown.RIDERS:
        return _SOMEBODY if layer.glyphs else _NOBODY
    held_out = shown is Shown.HOLD_OUT and layer in (GROUND, WALL)
    return _HELD_OUT if held_out or (shown is Shown.OVERLAYS and layer is not GLOW) else _VEIL


def _shader(layer: Layer, ending: str) -> VtkShaderProperty:
    made = vtkOpenGLShaderProperty()
    declared, place = _DECLARE, f"{_PLACE}\n  {{"
    if layer.road is None:
        place += f"\n  float nearerPx = {layer.nearer_px:.3f};"
    else:
        road = layer.road
        declared += f"\nin vec4 {LINE_FRAME};\nin vec3 {ROAD_EDGE};\n"
        place += _WEIGH % (road.line_px / 2.0, layer.nearer_px, road.nearer_wide_px)
        place += _WIDEN if road.is_line else ""
    if layer.glyphs:  # whose vertex shader does not declare custom uniforms by itself
        declared += "\nuniform vec2 t3dLens;\n"
    if layer.grows:
        declared += f"\nin vec3 {SIGN_PLACE};\n"
        place += _GROWN % (SIGN_PLACE, layer.grows, SIGN_PLACE)
    for part, (red, green, blue, opacity) in enumerate(layer.paints, start=2):
        place += _PAINTED % (part, red, green, blue, opacity)
    place += _PUSH % (layer.share, layer.offset_m) + "  }\n"
    finish, received = _DRAPE if layer.draped else _FINISH, ""
    if layer.grain:
        declared += "\nout vec2 t3dPlace;\n"
        place += "\n  t3dPlace = vertexMC.xy;\n"
        received = f"\nin vec2 t3dPlace;\n{_NOISE_DECLARE}"
        finish += _GRAIN
    if layer.road is not None and layer.road.core < 1.0:
        declared += "\nout float t3dSide;\n"
        place += f"\n  t3dSide = {LINE_FRAME}.w;\n"
        received = "\nin float t3dSide;\n"
        finish += _CASE % (layer.road.core, _CASING)
    if layer.paved:
        declared += f"\nin vec3 {ROAD_PLACE};\nout vec3 t3dRoad;\nout vec3 t3dClip;\n"
        place += f"\n  t3dRoad = {ROAD_PLACE};\n  t3dClip = gl_Position.xyw;\n"
        received = f"\nin vec3 t3dRoad;\nin vec3 t3dClip;\n{_NOISE_DECLARE}{_STRIPE_DECLARE}"
        finish += _PAVE % (_ASPHALT, _PAINT, _CASING)
    made.AddVertexShaderReplacement(_DECLARE, True, declared, False)
    made.AddVertexShaderReplacement(_PLACE, True, place, False)
    if received:
        made.AddFragmentShaderReplacement(_DECLARE, True, _DECLARE + received, False)
    if ending is _HELD_OUT:
        made.AddFragmentShaderReplacement(_LAST, True, _LAST + ending, False)
    else:
        made.AddFragmentShaderReplacement(_FINISH, True, finish + ending, False)
    return made


def use_road_arrays(mapper: VtkMapper) -> None:
    """Feed the point arrays of the road that there are to its shaders."""
    data = mapper.GetInput().GetPointData()
    for name in (LINE_FRAME, ROAD_EDGE, ROAD_PLACE):
        if not data.HasArray(name):
            continue
        mapper.MapDataArrayToVertexAttribute(name, name, 0, -1)
