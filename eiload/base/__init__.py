"""Words that everybody uses: time, errors, quantities, wording, files, lines on stderr.

The lowest room: it imports nothing of eiload and has no numpy, protobuf, Locust or gevent, because
the sending process lives on it, too. Nothing in here knows a scenario, a request or a run.

- `clock`: instants, and the clock they are read from; `alarm`: an event loop woken at an instant
- `status`: how a request can end, gRPC's codes and our own; `errors`: what stops a run, and with
  which exit status
- `quantity`, `units`: numbers with their units, read and written; `near`: what was probably meant
- `wording`: numbers in sentences
- `console`: commands, lines on stderr, exit statuses; `files`: a file written wholly or not at all;
  `leftovers`: temporary files, cleaned away where a killed process has left them; `tied`: a child
  process that ends with its parent; `signals`: those at the
  edges of a process's life
"""
