"""What is said of a deadline that has passed: how much of the answer had come."""

import pytest

from eiload.sending.net.late import TOO_LATE, too_late


@pytest.mark.parametrize(
    ("come_bytes", "words"),
    [
        (1, "at least 1 byte"),
        (2, "at least 2 bytes"),
        (4095, "at least 2,048 bytes"),
        (4096, "at least 4,096 bytes"),
        (1 << 30, "at least 1,073,741,824 bytes"),
    ],
)
def test_bytes_are_told(come_bytes: int, words: str) -> None:
    """As the power of two that they have reached."""
    assert too_late(come_bytes, begun=True) == f"{TOO_LATE}: {words} of the answer had come"


def test_no_bytes() -> None:
    """A head alone is said; of nothing, gRPC's words are all."""
    assert too_late(0, begun=True) == f"{TOO_LATE}: no more than the answer's head had come"
    assert too_late(0, begun=False) == TOO_LATE == "Deadline Exceeded"


def test_few_texts() -> None:
    """A sender tells two hundred apart: these leave nearly all of them to the server."""
    assert len({too_late(number, begun=True) for number in range(1 << 16)}) == 17
