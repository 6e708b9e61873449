"""``tracker3d check``."""

from __future__ import annotations

from tracker3d.commands.console import say


def check() -> int:
    """Say what OpenGL, alpha, display and codecs this machine has, and what mends what is missing."""
    from tracker3d import machine

    findings = [machine.opengl_probe(), machine.display(), *machine.codecs()]
    if findings[0].ok:
        findings.insert(1, machine.keying_probe())
    for finding in findings:
        say(f"{'ok     ' if finding.ok else 'MISSING'}  {finding.name:8} {finding.detail}")
        if finding.remedy:
            say(f"         {'':8} remedy: {finding.remedy}")
    pictures = findings[0].ok
    window = pictures and next(each for each in findings if each.name == "display").ok
    say(f"Pictures and video can{'' if pictures else 'not'} be made here.")
    say(f"A window can{'' if window else 'not'} be opened here.")
    return 0 if pictures else 1
