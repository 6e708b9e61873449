"""Opening a show: what cannot be opened as asked is one plain sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tracker3d.errors import InputError
from tracker3d.show import open_show

if TYPE_CHECKING:
    from pathlib import Path


def test_a_common_start_is_for_recorded_time_trials(small_paths: tuple[Path, Path]) -> None:
    package, feed = small_paths
    with pytest.raises(InputError, match="is no time trial"):
        open_show(package, feed, common_start=True)
    with pytest.raises(InputError, match="this feed is live"):
        open_show(package, "http://127.0.0.1:9/live-stream", common_start=True)
