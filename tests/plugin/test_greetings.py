"""How a worker and its master's door greet each other, over the wire."""

import pytest

from eiload.control.codec import encode
from eiload.plugin import greetings
from eiload.plugin.greetings import Challenge, Hello, Proof, Refused


@pytest.mark.parametrize("said", [Hello(), Proof("ab")])
def test_a_workers(said: Hello | Proof) -> None:
    """What a worker says is its own, and comes back as it was said."""
    data = encode(said)
    assert greetings.is_from_worker(data)
    assert not greetings.is_from_master(data)
    assert greetings.from_worker(data) == said


@pytest.mark.parametrize("said", [Challenge("1"), Refused("no token")])
def test_a_masters(said: Challenge | Refused) -> None:
    """So is what a door says."""
    data = encode(said)
    assert greetings.is_from_master(data)
    assert not greetings.is_from_worker(data)
    assert greetings.from_master(data) == said


@pytest.mark.parametrize("data", [None, [], {}, {"type": ["hello"]}, {"type": "report"}, "hello"])
def test_no_greeting(data: object) -> None:
    """All else is somebody else's business."""
    assert not greetings.is_from_worker(data)
    assert not greetings.is_from_master(data)


def test_damaged_ones_are_named() -> None:
    """The message, the field and what was expected."""
    with pytest.raises(ValueError, match=r"^proof: expected a text .* got 3 \(in 'proof'\)$"):
        greetings.from_worker({"type": "proof", "proof": 3})
    with pytest.raises(ValueError, match=r"^nonce: missing \(in 'challenge'\)$"):
        greetings.from_master({"type": "challenge"})
