"""outbox: results travel in company, answers at once, texts once."""

from collections.abc import Callable

import grpc

from eiload.base.clock import NS_PER_MS, NS_PER_S
from eiload.base.status import Status
from eiload.sending.channel import Landing
from eiload.sending.outbox import MAX_DETAIL_CHARS, MAX_DETAILS, Outbox
from eiload.sending.result import RESULT, WAITED_STREAM, Result, Send
from eiload.sending.wire import DETAIL, FromSender
from tests.sending.driver import CLOCK, Driver, Serve, failing, sends


def test_details_are_told_once(serve: Serve) -> None:
    """Texts of many failures are numbered; each number means one text."""
    with Driver(serve(failing(grpc.StatusCode.UNAVAILABLE, "queue is full"))) as driver:
        driver.engine.add_payload(b"abc")
        start_ns = CLOCK.now_ns()
        results = driver.play(sends(20, start_ns, NS_PER_MS), start_ns + NS_PER_S // 10)
        (number,) = set(results["detail"].tolist())
        assert driver.engine.detail(number) == "queue is full"


class Post:
    """Takes what an outbox says, and rings when it wants to be rung."""

    def __init__(self) -> None:
        self.said: list[tuple[FromSender, bytes, bytes]] = []
        self.timers: list[tuple[float, Callable[[], None]]] = []
        self.outbox = Outbox(self._say, self._later)

    def _say(self, kind: FromSender, body: bytes, more: bytes = b"") -> None:
        self.said.append((kind, body, more))

    def _later(self, after_s: float, ring: Callable[[], None]) -> None:
        self.timers.append((after_s, ring))

    def ring(self) -> None:
        """Let the waiting time go by."""
        ((after_s, ring),) = self.timers
        assert 0 < after_s < 1
        self.timers.clear()
        ring()


SENT = Send(7, 1000, 2, 3, 4, 0)


def test_results_travel_in_company() -> None:
    """They wait for one another a little; each company is called for once."""
    post = Post()
    for done_ns in (1200, 1300):
        post.outbox.put(SENT, Landing(Status.OK, 1100, done_ns, "", b"abc", (), 1120, 1150))
    assert post.said == []
    post.ring()
    ((kind, body, more),) = post.said
    assert (kind, more) == (FromSender.RESULTS, b"")
    assert [Result._make(fields) for fields in RESULT.iter_unpack(body)] == [
        Result(7, 1000, 1100, done_ns, 3, 2, 3, 0, 4, Status.OK, 0, 1120, 1150)
        for done_ns in (1200, 1300)
    ]
    post.outbox.put(SENT, Landing(Status.DROPPED))
    post.outbox.flush()
    assert len(post.said) == 2
    post.ring()
    assert len(post.said) == 2


def test_wanted_answers_travel_at_once() -> None:
    """With their bytes, which are not copied."""
    post = Post()
    response = b"an answer"
    post.outbox.put(SENT, Landing(Status.OK, 1100, 1200, response=response), answer=True)
    ((kind, body, more),) = post.said
    assert kind is FromSender.RESPONSE
    assert Result._make(RESULT.unpack(body)).response_bytes == len(response)
    assert more is response
    assert post.timers == []


def test_texts_are_told_before_their_first_use_and_have_an_end() -> None:
    """Long ones are cut; of too many different ones the rest is one."""
    post = Post()
    for number in range(MAX_DETAILS + 50):
        text = f"{number} " + "x" * MAX_DETAIL_CHARS
        post.outbox.put(SENT, Landing(Status.UNKNOWN, detail=text), answer=True)
    known = {0: ""}
    used = []
    for kind, body, more in post.said:
        if kind is FromSender.DETAIL:
            (number,) = DETAIL.unpack(body)
            known[number] = more.decode()
        else:
            used.append(known[Result._make(RESULT.unpack(body)).detail])
    assert len(used) == MAX_DETAILS + 50
    assert used[0] == ("0 " + "x" * MAX_DETAIL_CHARS)[:MAX_DETAIL_CHARS]
    assert set(used[MAX_DETAILS:]) == {"(another text)"}
    assert len(known) == len(set(known.values())) == MAX_DETAILS + 2


def test_a_wait_for_the_server_is_no_lag() -> None:
    """A request that waited for a connection or a limit was sent, for us, when the wait began."""
    post = Post()
    landing = Landing(Status.OK, 1710, 1800, waited_ns=700, flags=WAITED_STREAM)
    post.outbox.put(SENT, landing, answer=True)
    ((_, body, _),) = post.said
    result = Result._make(RESULT.unpack(body))
    assert (result.lag_ns, result.service_ns) == (10, 790)
    assert (result.waited_ns, result.flags) == (700, WAITED_STREAM)
