"""``tracker3d export``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from tracker3d.commands.console import progress_shown, say

if TYPE_CHECKING:
    from tracker3d.race import Race


def export(
    package: Path,
    /,
    *,
    output: Annotated[Path, Parameter(name=["--output", "-o"])],
    feed: Path | None = None,
    profile: Literal["engine", "web", "android", "ios", "tiles"] | None = None,
    max_error: float | None = None,
    triangles: int | None = None,
    from_km: float | None = None,
    to_km: float | None = None,
    riders: Annotated[list[int] | None, Parameter(consume_multiple=True, negative="")] = None,
    groups: Annotated[bool, Parameter(negative="")] = False,
    table: float | None = None,
    exaggeration: float = 1.0,
    speed: float | None = None,
    geoid_height: float = 0.0,
    theme: Path | None = None,
    language: str | None = None,
) -> int:
    """Write the stage, and the race on it, as a model for engines, browsers, phones or globes.

    Parameters
    ----------
    package
        The stage package, NAME.stage.
    output
        OUT.glb, or OUT.usdz for iOS.
    feed
        A recording or log of the race, positions as .csv or .jsonl, or GPX files; without it the stage alone.
    profile
        engine (opens everywhere, with a stream of the race beside it), web (packed, for browsers), android
        (Scene Viewer), ios (Quick Look), or tiles (Cesium). Usual: ios for .usdz, otherwise engine.
    max_error
        Largest distance in metres between a rider in the file and on the road, at every second: usually 0.5,
        10 to 15 on phones.
    triangles
        Of the ground, at most.
    from_km
        Only the race from when its head passes this kilometre.
    to_km
        Only the race until its head passes this kilometre.
    riders
        Bibs of those who are shown; all without it.
    groups
        Show groups instead of riders.
    table
        Longer side of the model in metres, for a table; life size without it, 1 m on phones.
    exaggeration
        Factor on heights, on top of the stage's own.
    speed
        Seconds of the race in one second of the animation: usually 1, 120 on phones.
    geoid_height
        Height of the geoid over the ellipsoid at the stage in metres, for globes.
    theme
        A TOML file of colours, sizes, fonts and words; what it leaves out is as usual.
    language
        Of the words in the scene: en or fr, or one that the theme brings.
    """
    from tracker3d.export import ExportOptions, Profile, export_glb
    from tracker3d.replay import open_replay
    from tracker3d.scene import build_scene, choose_theme

    look = choose_theme(theme, language)
    chosen = Profile(profile or ("ios" if output.suffix.lower() == ".usdz" else "engine"))
    with progress_shown() as progress:
        replay = open_replay(package, feed, progress=progress)
        scene = build_scene(replay.package.stage, replay.package.ground, look)
        racing = feed is not None
        options = ExportOptions(
            max_error_m=max_error,
            most_triangles=triangles,
            start_ms=_when(replay.race, from_km) if racing else None,
            end_ms=_when(replay.race, to_km) if racing else None,
            bibs=frozenset(riders) if riders else None,
            groups_only=groups,
            table_m=table,
            exaggeration=exaggeration,
            speed=speed,
            geoid_height_m=geoid_height,
        )
        report = export_glb(
            scene,
            replay.motion if racing else None,
            output,
            profile=chosen,
            options=options,
            race=replay.race if racing else None,
            progress=progress,
        )
    for line in report.lines():
        say(line)
    return 0


def _when(race: Race, km: float | None) -> int | None:
    """Return when the head of the race passes a kilometre."""
    if km is None:
        return None
    return race.time_of_to_go(race.stage.route.finish_m - 1000.0 * km)
