"""Verdicts on a finished run, each a word with what it rests on; a pure function of the `Run`.

In the order of the data's way:

- `health`: is the run valid? If not, it gets numbers and no verdict; `backlog`: did a server fall
  behind? `beside`: what servers, GPUs and hosts said that a reader should know
- `statistics`: the run's seconds cut into blocks, and what shares, quantiles and their ratios can
  be told from these, and how surely
- `sla`: a verdict on each objective of each target: pass, fail, undecided
- `compare`: the word on two targets of one run or of several: no increase, increase within margin,
  increase, decrease, inconclusive, or that one was unavailable
- `versions`: was it one version of the model that answered?
- `agreement` (do both answer the same?), `cost` and `prices` (what a million inferences cost)
- `looks`: a run that goes on until all is decided, by all of its looks together
- `capacity`: the largest rate at which the objectives hold: which trial is next, what was found
- `judgement`: all of it together, the exit status, and the one last line

What it must not know: where a run is from, how anything is shown. No data and no doubt make a pass;
methods and their measured error rates are in docs/statistics.md.
"""
