"""Who answered, as far as the sender can tell."""

from eiload.base.status import Status
from eiload.sending.channel import Landing
from eiload.sending.result import Send
from eiload.sending.witness import Answer, Share, Witness, shares_of


def saw(
    witness: Witness,
    number: int,
    status: Status = Status.OK,
    *,
    target: int = 0,
    told: bool = False,
) -> Answer | None:
    """Have request `number` land, whose answer is its number."""
    send = Send(number, 0, 0, target, number % 2, 0)
    landing = Landing(status, 1, number, "", b"%d" % number, address="a:1" if number < 5 else "b:1")
    return witness.saw(send, landing, told=told)


def test_shares_by_target_phase_and_address() -> None:
    """However requests end, if they were sent anywhere."""
    witness = Witness()
    for number in range(8):
        saw(witness, number, Status.UNAVAILABLE if number == 3 else Status.OK)
    saw(witness, 0, target=1)
    witness.saw(Send(9, 0, 0, 0, 0, 0), Landing(Status.DROPPED), told=False)
    assert sorted(shares_of(witness.shares())) == [
        *(Share(0, 0, "a:1", 3), Share(0, 0, "b:1", 1), Share(0, 1, "a:1", 2)),
        *(Share(0, 1, "b:1", 2), Share(1, 0, "a:1", 1)),
    ]


def test_the_first_answer_and_the_last() -> None:
    """Of each target, those that ended OK; none twice."""
    witness = Witness()
    assert saw(witness, 1, Status.UNAVAILABLE) is None
    assert saw(witness, 2) == Answer(0, 0, 2, b"2")
    assert [saw(witness, number) for number in (3, 4)] == [None, None]
    assert saw(witness, 5, target=1) == Answer(1, 1, 5, b"5")
    assert saw(witness, 6, Status.UNAVAILABLE) is None
    assert list(witness.last()) == [Answer(0, 0, 4, b"4")]


def test_what_travels_anyway_is_not_sent_again() -> None:
    """A sampled answer that is the first, or the last."""
    witness = Witness()
    assert saw(witness, 1, told=True) is None
    assert saw(witness, 2) is None
    assert list(witness.last()) == [Answer(0, 0, 2, b"2")]
    assert saw(witness, 3, told=True) is None
    assert list(witness.last()) == []
