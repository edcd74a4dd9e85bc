"""Scenarios drawn at random that make sense, for Hypothesis."""

from hypothesis import strategies as st

from eiload.scenario import Expect, Payload, Scenario, Synthetic, Target, parse_objective
from eiload.scenario.arrivals import (
    BurstRate,
    ClosedPhase,
    ConstantRate,
    MarkovRate,
    OpenPhase,
    PointsRate,
    RampRate,
    Rate,
    SineRate,
    StepsRate,
)
from eiload.scenario.laws import BatchArrivals, Gamma, Law, Weibull
from eiload.scenario.standin import StandIn
from eiload.scenario.target import Keepalive
from eiload.scenario.users import Exponential, Lognormal, RampUsers, StepUsers

__all__ = ["scenarios"]

NS = 10**9
SERVERS = [
    *("localhost", "10.0.0.1:9000", "::1", "[::1]:9000", "grpc://h:1", "dns:///h:1"),
    *("unix:///run/s", "unix-abstract:s", "ipv4:10.0.0.1:1"),
]

NAMES = st.text(
    st.sampled_from("abzAZ019 -_.äß中🐕'\"#:{}[]&*!|>%@`,"), min_size=1, max_size=12
).filter(lambda text: text == text.strip())
TEXTS = NAMES
DURATIONS = st.integers(1, 30 * 60 * NS)
RATES_PER_S = st.floats(1e-6, 1e5)


@st.composite
def bursts(draw: st.DrawFn) -> OpenPhase:
    """Draw a phase with bursts that are in it."""
    every_ns = draw(st.integers(NS, 60 * NS))
    burst_for_ns = draw(st.integers(1, every_ns - 1))
    base, above = draw(st.floats(0, 1e4)), draw(st.floats(1, 1e4))
    length_ns = draw(st.integers(every_ns, 600 * NS))
    return OpenPhase("p", length_ns, BurstRate(base, base + above, burst_for_ns, every_ns))


PROCESSES: st.SearchStrategy[Law] = st.one_of(
    st.sampled_from(["poisson", "constant"]),
    st.builds(Gamma, st.floats(0.01, 20)),
    st.builds(Weibull, st.floats(0.01, 20)),
    st.builds(BatchArrivals, st.integers(2, 1000), st.sampled_from(["poisson", "constant"])),
)


@st.composite
def moving(draw: st.DrawFn) -> OpenPhase:
    """Draw a phase at a rate that moves."""
    length_ns = draw(st.integers(10 * NS, 600 * NS))
    low, more = draw(st.floats(0, 1e4)), draw(st.floats(1, 1e4))
    span_ns = st.integers(NS, 600 * NS)
    rates: list[Rate] = [
        StepsRate((low, low + more)),
        SineRate(low + more, more, draw(span_ns)),
        PointsRate(((0, low), (length_ns // 2, more), (length_ns, low))),
        MarkovRate(low, low + more, draw(span_ns), draw(span_ns)),
    ]
    return OpenPhase("p", length_ns, draw(st.sampled_from(rates)), draw(PROCESSES))


USERS = st.one_of(
    st.integers(1, 100_000),
    st.builds(RampUsers, st.integers(0, 10), st.integers(11, 100_000)),
    st.builds(StepUsers, st.lists(st.integers(1, 100), min_size=1, max_size=4).map(tuple)),
)
THINK = st.one_of(
    st.integers(0, 3600 * NS),
    st.builds(Exponential, st.integers(1, 3600 * NS)),
    st.builds(Lognormal, st.integers(1, NS), st.integers(NS + 1, 3600 * NS)),
)
PHASES = st.one_of(
    st.builds(OpenPhase, NAMES, DURATIONS, st.builds(ConstantRate, RATES_PER_S), PROCESSES),
    st.builds(
        OpenPhase, NAMES, DURATIONS, st.builds(RampRate, st.just(0.0) | RATES_PER_S, RATES_PER_S)
    ),
    bursts(),
    moving(),
    st.builds(ClosedPhase, NAMES, DURATIONS, USERS, THINK),
)
PINGS = st.integers(10**8, 3600 * NS)
TARGETS = st.builds(
    Target,
    server=st.sampled_from(SERVERS),
    model=TEXTS,
    signature=TEXTS,
    version=st.none() | st.integers(0, 2**63 - 1),
    input=TEXTS,
    outputs=st.lists(TEXTS, max_size=3).map(tuple),
    deadline_ns=st.integers(10**6, 3600 * NS),
    ready_within_ns=st.none() | st.integers(0, 3600 * NS),
    connections=st.integers(1, 256),
    metadata=st.dictionaries(
        st.from_regex(r"x-[0-9a-z_.]{1,9}", fullmatch=True),
        st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=20),
        max_size=3,
    ),
    compression=st.sampled_from([None, "gzip"]),
    keepalive=st.none() | st.builds(Keepalive, every=PINGS, timeout=PINGS),
    balance=st.sampled_from(["round_robin", "pick_first"]),
    authority=st.sampled_from([None, "ssd.example.com", "h:80", "[::1]"]),
    connect_timeout_ns=st.none() | st.integers(10**6, 600 * NS),
    max_connection_age_ns=st.none() | st.integers(10**7, 24 * 3600 * NS),
    retry=st.sampled_from(["transparent", "none"]),
    price=st.sampled_from([None, "0.9 USD/h", "0.1 USD/h + 0.2 USD/h", "p2.xlarge"]),
)
STAND_INS = st.builds(
    Target,
    stand_in=st.sampled_from(
        [
            StandIn.of(profile="eia1.medium"),
            StandIn.of(compute={"median": "3 ms", "p99": "40 ms"}, fail={"rate": "1 %"}),
            StandIn.of(compute="1.234567 ms", attach="network", bandwidth="1.2 Gbit/s"),
        ]
    ),
    model=TEXTS,
)
OBJECTIVES = st.sampled_from(
    ["p50 < 1 ns", "service p99.99 < 1.5 s", "mean < 2 h", "max <= 3 ms", "errors < 0.07 %"]
).map(parse_objective)


@st.composite
def scenarios(draw: st.DrawFn) -> Scenario:
    """Draw a scenario that makes sense."""
    phases = draw(st.lists(PHASES, min_size=1, max_size=4, unique_by=lambda phase: phase.name))
    return Scenario(
        name=draw(NAMES),
        seed=draw(st.integers(0, 2**53 - 1)),
        targets=draw(st.dictionaries(NAMES, TARGETS | STAND_INS, min_size=1, max_size=3)),
        payload=Payload(
            synthetic=draw(
                st.builds(Synthetic, width=st.integers(1, 8192), height=st.integers(1, 8192))
            ),
            batch=draw(st.integers(1, 1024)),
            expect=draw(st.none() | st.just(Expect(labels=("dog",), min_score=0.1))),
        ),
        traffic=tuple(phases),
        objectives=tuple(draw(st.lists(OBJECTIVES, max_size=3))),
        max_in_flight=draw(st.integers(1, 100_000)),
        max_in_flight_bytes=draw(st.none() | st.integers(10**6, 10**12)),
        sample=draw(st.integers(0, 1_000_000)),
    )
