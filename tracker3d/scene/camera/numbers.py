"""The bounds of the numbers by which moves are described, as types: files and words are checked by them."""

from __future__ import annotations

from typing import Annotated

import msgspec

Metres = Annotated[float, msgspec.Meta(ge=0.0, le=100_000.0)]
Distance = Annotated[float, msgspec.Meta(ge=1.0, le=100_000.0)]
Lead = Annotated[float, msgspec.Meta(ge=-5_000.0, le=5_000.0)]
Km = Annotated[float, msgspec.Meta(ge=-100.0, le=1_000.0)]
Speed = Annotated[float, msgspec.Meta(ge=0.1, le=20_000.0)]
Seconds = Annotated[float, msgspec.Meta(ge=0.0, le=86_400.0)]
Smoothing = Annotated[float, msgspec.Meta(ge=2.0, le=20.0)]
Turns = Annotated[float, msgspec.Meta(ge=-100.0, le=100.0)]
TurnTime = Annotated[float, msgspec.Meta(ge=5.0, le=86_400.0)]
Pitch = Annotated[float, msgspec.Meta(ge=2.0, le=80.0)]
Bearing = Annotated[float, msgspec.Meta(ge=-360.0, le=360.0)]
Lens = Annotated[float, msgspec.Meta(ge=2.0, le=120.0)]
Share = Annotated[float, msgspec.Meta(ge=0.0, le=3.0)]
Place = Annotated[float, msgspec.Meta(ge=-1_000_000.0, le=1_000_000.0)]
Target = Annotated[str, msgspec.Meta(pattern=r"^(leader|peloton|-?[0-9]{1,9})$")]
Words = Annotated[str, msgspec.Meta(max_length=200)]
