"""What was measured: counts, what is missing in them, a run and its file.

In the order of the data's way:

- `recorder`: results in, counts out; `intervals`: the counts, by target, phase, kind and second,
  which merge without loss in any order; `buckets`: times as counts, within 0.05 %;
  `packed`: those of a whole run, small until its end
- `ledger`: what was due, held against what was recorded; the difference is LOST, and said
- `facts` (of phases, targets and workers) and `stopping` (why a run ended) stand beside the counts
- `looks`: when a run is looked at that goes on until all is decided, and the run as it was then;
  `taken`: the looks that were
- `served`: what served the requests, versions of the model, addresses, sizes of answers
- `observed`: what was read of servers, GPUs and hosts beside the load, as it was read
- `journal`: what was measured so far, on the disk while the run goes on
- `run`: the finished run and its file, which is all that judging and reports take; `block`: that
  file as lines in a log
- `sample` (the times of one target over some phases), `split` (where its time went) and `series`
  (second by second, and when the target was away): what is asked of a run

What it must not know: who counted, how a run is conducted, what is good or bad. Counting is
arithmetic on arrays; files are `run`'s and `journal`'s alone.
"""
