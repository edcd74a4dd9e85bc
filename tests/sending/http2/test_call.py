"""What is on its way."""

from eiload.sending.http2.call import Call
from eiload.sending.result import RESENT


def test_what_is_sent_again_says_so() -> None:
    """A call that is rewound is as one that was never sent, but for that."""
    call = Call(b"head", b"prefix", b"message")
    call.id, call.sent_ns, call.flags = 3, 7, RESENT
    call.rewind()
    assert (call.id, call.sent_ns, call.flags) == (0, 0, RESENT)
