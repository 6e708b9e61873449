"""One race, many clients: each at his own pace."""

from __future__ import annotations

import asyncio
import dataclasses

import pytest

from tracker3d.serve.hub import KEPT, MOST_BEHIND, Hub
from tracker3d.serve.states import snapshot_of
from tracker3d.serve.wire import Frame


@pytest.fixture(scope="module")
def first(small):
    return Frame(snapshot_of(small.scene, small.race, small.race.start_ms), run=7, seq=1, sent_ms=0)


def publish(hub, first, count):
    begin = 1 if hub.newest is None else hub.newest.seq + 1
    for seq in range(begin, begin + count):
        hub.publish(dataclasses.replace(first, seq=seq))


def taken(hub, count, mark=None):
    async def main():
        follower = hub.follow(mark)
        return [(await asyncio.wait_for(follower.next(), 1)).seq for _ in range(count)]

    return asyncio.run(main())


def test_a_new_client_gets_the_newest_at_once(first):
    hub = Hub()
    publish(hub, first, 5)
    assert taken(hub, 1) == [5]


def test_who_comes_back_gets_all_that_he_missed(first):
    hub = Hub()
    publish(hub, first, 30)
    assert taken(hub, 20, "00000007-10") == list(range(11, 31))


@pytest.mark.parametrize("mark", ["00000008-10", "00000007-99", "00000007-1", "nonsense", "", None])
def test_a_mark_of_another_run_or_too_old_or_none_leads_to_the_newest(first, mark):
    hub = Hub(kept=20)
    publish(hub, first, 30)
    assert taken(hub, 1, mark) == [30]


def test_who_is_slow_goes_on_with_the_newest_and_is_counted(first):
    async def main():
        hub = Hub()
        publish(hub, first, 1)
        follower = hub.follow()
        assert (await follower.next()).seq == 1
        publish(hub, first, MOST_BEHIND)
        assert (await follower.next()).seq == 2
        publish(hub, first, 10)
        assert (await follower.next()).seq == hub.newest.seq
        assert follower.skipped == hub.newest.seq - 3
        waiting = asyncio.create_task(follower.next())
        await asyncio.sleep(0)
        assert not waiting.done()
        publish(hub, first, 1)
        assert (await waiting).seq == hub.newest.seq

    asyncio.run(main())


def test_what_is_kept_is_bounded(first):
    hub = Hub()
    publish(hub, first, 3 * KEPT)
    assert len(hub._frames) == KEPT
