"""Objectives to verdicts: pass, fail, or undecided and what it would take to decide.

`rules` has the rule of each kind of objective, `watched` of those on what was observed beside the
load, `implied` what one word says of another objective,
`sentences` what a verdict says.
"""

from eiload.judging.sla.rules import Verdict, judge, unjudged
from eiload.judging.statistics.shares import Word

__all__ = ["Verdict", "Word", "judge", "unjudged"]
