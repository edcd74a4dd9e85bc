"""Workers that come when the load is on: real coordinator, scripted agents."""

from eiload.base.clock import NS_PER_S
from eiload.control.messages import (
    Cede,
    Ceded,
    Forget,
    Go,
    Order,
    Own,
    Prepare,
    Stop,
    encode,
    order_of,
)
from tests.control.script import PATIENCE_S, Script, a_scenario

ENDLESS = [{"phase": "users", "users": 2, "for": "720 h"}]


class Late(Script):
    """A run of Locust's users to which a worker comes late."""

    def __init__(self) -> None:
        super().__init__(a_scenario(traffic=ENDLESS), driven=True)
        self.answers = {Prepare: self.ready, Stop: self.leave}

    def begin(self) -> None:
        """Have the load on."""
        self.coordinator.start()
        assert self.coordinator.started.wait(PATIENCE_S)

    def leave(self, name: str, order: Order) -> None:
        """End well."""
        self.final(name, order, self.slice_of(0))

    def end(self) -> None:
        """Stop the run."""
        self.coordinator.stop("for the test")
        assert self.coordinator.done.wait(PATIENCE_S)

    def until(self, *names: str) -> None:
        """Wait until these take part."""
        while self.coordinator.workers != [*names]:
            assert not self.coordinator.done.wait(0.01)


def test_takes_part_once_it_is_ready() -> None:
    """It is told what the others were, begins with their second 0, and is counted with them."""
    script = Late()
    script.begin()
    assert script.coordinator.admits
    for _ in range(3):  # asked again and again
        script.coordinator.admit("late")
    script.until("w0", "w1", "late")
    script.end()
    (first, _, last) = [order for _, order in script.heard(Prepare)]
    assert (last.scenario, last.driven, last.index) == (first.scenario, True, 2)
    goes = dict(script.heard(Go))
    assert goes["late"].origin_ns == goes["w0"].origin_ns
    assert order_of(encode(goes["late"])) == goes["late"]  # as it travels
    then_ns = goes["w0"].in_ns - goes["w0"].ago_ns
    assert goes["late"].in_ns - goes["late"].ago_ns < then_ns
    run = script.coordinator.run
    assert run is not None
    assert [worker.name for worker in run.workers] == ["w0", "w1", "late"]
    assert run.problems == ()
    assert not script.coordinator.admits


def test_cannot_get_ready() -> None:
    """The others go on, and it is said why."""
    script = Late()
    script.begin()
    script.answers[Prepare] = lambda name, order: script.fail(name, order, "no server there", 4)
    script.coordinator.admit("late")
    while not script.heard(Forget):
        assert not script.coordinator.done.wait(0.01)
    script.end()
    run = script.coordinator.run
    assert run is not None
    assert run.problems == ()
    assert len(run.workers) == 2
    assert "worker late takes no part in this run: no server there" in script.said


def test_has_other_images() -> None:
    """What it would send is not what the others send."""
    script = Late()
    script.begin()
    script.answers[Prepare] = lambda name, order: script.ready(name, order, digest="other")
    script.coordinator.admit("late")
    while not script.heard(Forget):
        assert not script.coordinator.done.wait(0.01)
    script.end()
    assert script.coordinator.run is not None
    assert not [name for name, _ in script.heard(Go) if name == "late"]
    assert any("it has other images" in each for each in script.said)


def test_the_run_ends_before() -> None:
    """Nobody waits for one that was only coming."""
    script = Late()
    script.begin()
    del script.answers[Prepare]
    script.coordinator.admit("late")
    while len(script.heard(Prepare)) < 3:
        assert not script.coordinator.done.wait(0.01)
    script.end()
    run = script.coordinator.run
    assert run is not None
    assert run.problems == ()
    assert len(run.workers) == 2


def test_goes_before_it_is_ready() -> None:
    """It is not missed."""
    script = Late()
    script.begin()
    del script.answers[Prepare]
    script.coordinator.admit("late")
    while len(script.heard(Prepare)) < 3:
        assert not script.coordinator.done.wait(0.01)
    script.coordinator.lose("late", "it left")
    while not script.heard(Forget):
        assert not script.coordinator.done.wait(0.01)
    script.end()
    assert script.coordinator.run is not None
    assert script.coordinator.run.problems == ()


def test_is_lost_like_any_other() -> None:
    """Once it takes part, its loss makes the run invalid."""
    script = Late()
    script.begin()
    script.coordinator.admit("late")
    script.until("w0", "w1", "late")
    script.coordinator.lose("late", "it stopped answering")
    script.until("w0", "w1")
    script.end()
    assert script.coordinator.run is not None
    assert "worker late was lost: it stopped answering" in script.coordinator.run.problems


class Scheduled(Late):
    """A run of a scenario to which a worker comes late."""

    def __init__(self, **changes: object) -> None:
        plain = {"traffic": [{"phase": "steady", "rate": "1/s", "for": "1 h"}]}
        Script.__init__(self, a_scenario(**plain | changes))
        self.answers = {Prepare: self.ready, Stop: self.leave}

    def come(self) -> list[tuple[str, Order]]:
        """Have one come late; return the orders to the others and it since, and to it."""
        before = len(self.told)
        self.coordinator.admit("late")
        while not any("worker late" in each for each in self.said):
            assert not self.coordinator.done.wait(0.01)
        return [(n, o) for n, o in self.told[before:] if isinstance(o, Own | Cede)]


def test_stands_by_in_a_scenario() -> None:
    """All slices have their owners; of one that is lost it takes over."""
    script = Scheduled()
    script.begin()
    assert script.come() == []
    assert [order.count for _, order in script.heard(Prepare)] == [2, 2, 2]
    assert any("worker late stands by" in each for each in script.said)
    script.coordinator.lose("w0", "it left")
    while not script.heard(Own):
        assert not script.coordinator.done.wait(0.01)
    script.end()
    (own,) = script.heard(Own)
    assert own[0] == "late"
    assert own[1].slices == (0,)


def test_takes_over_at_once_from_one_that_has_two() -> None:
    """A pod that comes back has its part again; in between nothing is sent twice or by nobody."""
    script = Scheduled()
    script.begin()
    script.coordinator.lose("w0", "it left")
    while not script.heard(Own):
        assert not script.coordinator.done.wait(0.01)
    ((name, cede),) = script.come()
    assert name == "w1"
    assert isinstance(cede, Cede)
    assert any("worker late takes over 1 of 2 parts" in each for each in script.said)
    # It heard late, and says from when on it really sends no more: nobody else begins before.
    ceded = Ceded(run=cede.run, slices=cede.slices, from_ns=cede.from_ns + NS_PER_S)
    script.say(name, encode(ceded))
    while len(owned := script.heard(Own)) < 2:
        assert not script.coordinator.done.wait(0.01)
    heir, own = owned[-1]
    assert heir == "late"
    assert isinstance(own, Own)
    assert (own.slices, own.from_ns) == (ceded.slices, ceded.from_ns)
    script.end()


def test_users_are_not_taken_from_anybody() -> None:
    """Who has begun a closed loop goes on with it."""
    script = Scheduled(traffic=[{"phase": "users", "users": 4, "for": "1 h"}])
    script.begin()
    script.coordinator.lose("w0", "it left")
    while not script.heard(Own):
        assert not script.coordinator.done.wait(0.01)
    assert script.come() == []
    script.end()


def test_the_plan_ends_before() -> None:
    """A run of a scenario does not wait for one that is not ready when the load has ended."""
    script = Script(a_scenario())

    def go(name: str, order: Order) -> None:
        if name == "w0":
            script.coordinator.admit("late")
            del script.answers[Prepare]
        script.everything(name, order)

    script.answers[Go] = go
    run = script.run()
    assert run.problems == ()
    assert [worker.name for worker in run.workers] == ["w0", "w1"]
