"""What a camera has to say in writing while it runs: a timeline, or a camera that holds one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

if TYPE_CHECKING:
    from tracker3d.scene.camera.moment import Camera, Moment


@dataclass(frozen=True)
class ShownTitle:
    """The title of the shot under way; ``opacity`` is 0 to 1."""

    title: str
    subtitle: str
    opacity: float


@runtime_checkable
class TitledCamera(Protocol):
    """A camera with something to say."""

    def title_at(self, moment: Moment) -> ShownTitle | None:
        """Return what is to be written at this moment; None for nothing."""


def title_of(camera: Camera, moment: Moment) -> ShownTitle | None:
    """Return what a camera has to say at a moment; None where that is nothing, as with most cameras."""
    return camera.title_at(moment) if isinstance(camera, TitledCamera) else None
