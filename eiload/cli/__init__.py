"""The command `eiload`: what goes with load tests and is none itself.

- `main`: the commands with their help, each calling the room that does the work: ``validate`` and
  ``schema`` (scenario), ``serve`` and ``make-model`` (server), ``report`` and ``compare`` (record,
  then judging, then report)
- `plan`: a scenario's traffic before it is sent; `predict`: one picture to one server, a few times

What it must not know: Locust, and how a run is conducted; loads are Locust's to run. Each command
imports what it needs when it is called, so ``eiload --help`` is instant. Errors are one line each,
and the exit status is that of what went wrong or of the verdict.
"""
