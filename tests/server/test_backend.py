"""What is behind a face; real models are in test_savedmodel and test_watcher."""

import asyncio
from contextlib import AsyncExitStack

from eiload.base.clock import SystemClock
from eiload.scenario.standin import StandIn
from eiload.server.backend import Shared, backend
from eiload.server.release import Releases


def test_an_emulated_one_says_what_it_is() -> None:
    """With the words of its API, and a GPU that can be asked."""

    async def run() -> None:
        clock = SystemClock()
        async with AsyncExitStack() as stack:
            releases = Releases(asyncio.get_running_loop(), clock)
            stack.callback(releases.close)
            settings = StandIn.of(profile="eia2.medium")
            behind = await backend(settings, "ssd", {}, Shared(clock, releases, stack))
            assert (behind.kind, behind.service.name) == ("emulated eia2.medium", "ssd")
            assert behind.service.latest == 1
            assert behind.gpu is not None

    asyncio.run(run())
