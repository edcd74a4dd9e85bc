"""What a reader should know of the servers under load, from what was observed beside it.

What it knows: what `eiload.observe` makes of a run. What it must not know: objectives. A caution
each: the numbers stand, but they are of a server that others use, that was restarted, or whose GPU
was held back.
"""

from collections.abc import Iterator

from eiload.base import wording
from eiload.observe import foreign
from eiload.observe.device import gpus_of, hosts_of
from eiload.observe.server import SERVERS, growths
from eiload.record.run import Run

__all__ = ["cautions"]

STEAL_SHARE = 0.05
"""As of the generator's own machines (`health`)."""

THROTTLED_SHARE = 0.01


def cautions(run: Run) -> Iterator[str]:
    """Yield what should be known, a sentence each."""
    for index, facts in enumerate(run.targets):
        yield from _counts(run, index, facts.name)
        yield from _variants(run, index, facts.name)
        for growth in growths(run, index, SERVERS):
            for at in growth.restarts:
                yield (
                    f"the server of {facts.name} was restarted between {growth.at_s[at - 1]:.0f} s"
                    f" and {growth.at_s[at]:.0f} s"
                )
        for gpu in gpus_of(run, index):
            for why, share in gpu.throttled.items():
                if share >= THROTTLED_SHARE:
                    yield (
                        f"a GPU of {facts.name} was {why} in {wording.share(share)} of the phases"
                    )
        for host in hosts_of(run, index):
            if host.steal > STEAL_SHARE:
                steal = wording.share(host.steal)
                yield f"the hypervisor took {steal} of the CPU time of {facts.name}'s host"


def _counts(run: Run, target: int, name: str) -> Iterator[str]:
    found = foreign.check(run, target)
    if found is None or found.together[0] != name:
        return
    if found.low > foreign.LOUD:
        yield (
            f"FOREIGN LOAD: at least {wording.count(found.least, 'request')}"
            f" ({wording.share(found.low)}) that the server of {' and '.join(found.together)}"
            " counted are not ours: its times are those of another load than this one"
        )
    counts = max(found.total, 1)
    if found.uncounted / counts > foreign.LOUD and not found.restarted:
        yield (
            f"{wording.count(found.uncounted)} good answers of {name} are not in its server's"
            " counts: its page is another server's, or one of several"
        )


def _variants(run: Run, target: int, name: str) -> Iterator[str]:
    """Yield that another variant has answered than was asked."""
    wanted = run.scenario.target_at(target).variant
    if wanted is None:
        return
    answered = run.served(target).addresses
    # Where no answer has said who gave it, the address that was asked stands there, with its port.
    others = {each: n for each, n in answered.items() if each != wanted and ":" not in each}
    if others:
        listed = ", ".join(f"{wording.count(n)} by {each}" for each, n in sorted(others.items()))
        total = wording.count(sum(answered.values()), "request")
        yield (
            f"ANOTHER VARIANT: of {total} to {name}, which asked for {wanted}, {listed}:"
            " its times are those of several systems"
        )
