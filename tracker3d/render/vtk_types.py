"""Names for VTK's classes in annotations: VTK is not type-checked, so each of them is ``Any``."""

from __future__ import annotations

from typing import Any, TypeAlias

VtkActor: TypeAlias = Any
VtkArray: TypeAlias = Any
VtkCamera: TypeAlias = Any
VtkMapper: TypeAlias = Any
VtkPolyData: TypeAlias = Any
VtkRenderer: TypeAlias = Any
VtkRenderPass: TypeAlias = Any
VtkRenderWindow: TypeAlias = Any
VtkShaderProperty: TypeAlias = Any
VtkTexture: TypeAlias = Any
VtkUniforms: TypeAlias = Any
