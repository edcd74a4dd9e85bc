"""What the stand-in is told: the settings of an emulated or real model behind a TF Serving face.

Data only: this file knows what can be set, with which units, which combinations make sense, and
that a profile (`profiles`) fills in what is not set. It knows nothing of gRPC, queues or
random numbers; `eiload.server` acts on it. The scenario's `stand_in:` and the options of
`eiload serve` are this one model, so what can be tried on the command line can be written down.

Durations are texts with a unit in YAML ("250 ms") and ints of ns inside; shares are "0.1 %" and
floats in 0..1 inside; a bandwidth is "10 Gbit/s" and bytes per second inside. Dumped and loaded
again a `StandIn` is equal to what it was: that is how it travels to the server's process.

Files: `fields` (quantities), `laws` (computing times and round trips), `settings` (all of it).
"""

from eiload.scenario.standin.fields import LONGEST_NS
from eiload.scenario.standin.laws import Constant, Empirical, Gamma, LogNormal
from eiload.scenario.standin.settings import (
    Batching,
    Stalls,
    StandIn,
    option,
    parse,
)

__all__ = [
    "LONGEST_NS",
    "Batching",
    "Constant",
    "Empirical",
    "Gamma",
    "LogNormal",
    "Stalls",
    "StandIn",
    "option",
    "parse",
]
