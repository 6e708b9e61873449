"""Scene to glTF: a stage with its race as one file that other engines, phones and browsers open.

Never imports Qt or VTK.
"""

from tracker3d.export.camera_animation import export_camera
from tracker3d.export.camera_import import import_camera
from tracker3d.export.profiles import ExportOptions, Profile
from tracker3d.export.stage_file import ExportReport, export_glb

__all__ = ["ExportOptions", "ExportReport", "Profile", "export_camera", "export_glb", "import_camera"]
