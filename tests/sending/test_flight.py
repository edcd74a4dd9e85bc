"""flight: an answer of a stand-in is called so."""

from eiload.base.status import Status
from eiload.sending.channel import Landing
from eiload.sending.flight import STAND_IN, labelled


def test_a_stand_in_is_named() -> None:
    """In the detail of an answer that is OK."""
    trailers = (("date", "today"), (STAND_IN, "emulated"))
    landing = Landing(Status.OK, 1, 2, "", b"answer", trailers)
    assert labelled(landing) == landing._replace(detail="emulated")


def test_others_stay_as_they_are() -> None:
    """Servers' answers, and failures, whose detail is the server's."""
    answer = Landing(Status.OK, 1, 2, "", b"answer", (("date", "today"),))
    failure = Landing(Status.NOT_FOUND, 1, 2, "no model", b"", ((STAND_IN, "emulated"),))
    for landing in (answer, failure):
        assert labelled(landing) is landing
