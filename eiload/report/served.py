"""What a report for people says of who answered: versions, addresses, sizes of answers. Pure."""

from collections.abc import Iterable

from eiload.base import wording
from eiload.judging import versions
from eiload.record.run import Run
from eiload.report.section import Foreign, Line

__all__ = ["lines"]

CLIENTS_BYTES = 4 << 20
"""What gRPC's clients take unless they are told otherwise (grpc.max_receive_message_length)."""

MOST_ADDRESSES = 8
"""Addresses that are listed, those with the most requests first."""


def lines(run: Run, target: int) -> Iterable[Line]:
    """Yield what served one target's requests, warm-up apart, a line each."""
    served = run.served(target)
    if served.versions:
        looked_at = wording.count(sum(each.answers for each in served.versions), "answer")
        listed = versions.in_words(served.versions, times=len(served.versions) > 1)
        yield (f"  answered as {listed}, by {looked_at} that were looked at",)
    if served.addresses:
        yield _addresses(served.addresses, run.scenario.target_at(target).api)
    elif served.answers and run.scenario.target_at(target).client == "grpcio":
        yield ("  sent over grpcio, which does not tell to which of the server's addresses",)
    if served.answers:
        mean, largest = map(_bytes, (served.mean_bytes, served.largest_bytes))
        line = f"  size of an answer: mean {mean}, largest {largest}"
        over_grpc = run.scenario.target_at(target).api == "grpc"
        if served.largest_bytes > CLIENTS_BYTES and over_grpc:
            line += (
                "; over the 4 MiB that gRPC's clients take if nobody tells them: they would have"
                " failed, ask for fewer `outputs:` or raise grpc.max_receive_message_length there"
            )
        yield (line,)


def _addresses(addresses: dict[str, int], api: str) -> Line:
    """Return where requests went, and which share of them; of an endpoint which variants."""
    total = sum(addresses.values())
    ranked = sorted(addresses.items(), key=lambda each: (-each[1], each[0]))
    line: list[str | Foreign] = ["  answered by " if api == "sagemaker" else "  sent to "]
    for number, (address, requests) in enumerate(ranked[:MOST_ADDRESSES]):
        line += [", " if number else "", Foreign(address), f" {wording.share(requests / total)}"]
    if rest := len(ranked) - MOST_ADDRESSES:
        line.append(f", and to {wording.count(rest)} others" if rest > 0 else "")
    return tuple(part for part in line if part)


def _bytes(number: float) -> str:
    """Return a size in words: ``820 B``, ``1.23 MB``."""
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if number >= size:
            return f"{number / size:.3g} {unit}"
    return f"{number:.0f} B"
