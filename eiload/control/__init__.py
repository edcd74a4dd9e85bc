"""One run, on one process or many: prepare, feed, count, report, take over, end.

In the order of the data's way:

- `coordinator`: conducts a run, on the master or in the only process; `standins`: its stand-ins;
  `observing`: what is read of the targets' servers meanwhile
- `muster`: gets workers ready, all of them before the load and who comes late
- `messages`: what it and its agents say to each other; `codec`: their form between machines, where
  anything may come in and only sound messages come out
- `agent`: a worker's ear; `session`: its load's life; `preparation`: what is done before that
- `feeder`: a worker's slices, given to the sender a little ahead of their instants
- `tally`: what came of each request, counted and, for one in N, checked; `rows`: how many failed
  in a row; `pairing`: answers of two compared targets; `usage`: what the worker has used of its
  machine; `memory`: how many bytes may be in flight there
- `workers`: who owns which slice up to when, and who takes over from whom; `logbook`: the journal
- `ending`: what ends a run before its plan does, a look that decides everything or a cause
- `present`: how far it is at a moment; `closing`: what is known and what workers have said, as a
  `Run`

In one process orders and reports are handed over as they are. What it must not know: Locust, how
messages travel, what is good or bad. What decides (`workers`, `closing`, `codec`) is pure.
"""
