"""The largest rate at which the objectives hold, by trials: which is next, and what was found.

Pure; in the order of the data's way: `bounds` (what a search may try and take), `trial` (what came
of one), `words` (what one's verdicts come to), `estimate` and `rates` (which rates are worth a
trial), `search` (which trial is next), `found` (between which rates the capacity is, with which
error rate; ratio and cost of two), `seen` (a trial's word and numbers, from its run), `result` (a
whole search, and what it comes to). How trials are run is not known here. How often the brackets
are wrong: docs/statistics.md, "The capacity".
"""

from eiload.judging.capacity.bounds import Bounds
from eiload.judging.capacity.found import (
    Between,
    Bracket,
    Open,
    bracket,
    per_million,
    per_million_ratio,
    ratio,
)
from eiload.judging.capacity.search import Ask, next_trial
from eiload.judging.capacity.trial import Purpose, Reading, Trial, TrialWord
from eiload.judging.capacity.words import word_of

__all__ = [
    "Ask",
    "Between",
    "Bounds",
    "Bracket",
    "Open",
    "Purpose",
    "Reading",
    "Trial",
    "TrialWord",
    "bracket",
    "next_trial",
    "per_million",
    "per_million_ratio",
    "ratio",
    "word_of",
]
