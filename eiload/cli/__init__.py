"""The command `eiload`: what goes with load tests and is none itself.

- `start`: the process, and signals at both of its ends; `main`: the commands by name, each with the
  module that has it
- `predict`: one picture to one server, a few times
- `validate`, `plan`, `schema`: a scenario before anything is sent
- `report`, `compare`: what runs have left in files
- `capacity`: the largest rate that holds; `searching` trial after trial, `trials` as processes, the
  `search_journal` that it goes on from
- `locustfile`: where the one is that comes with the package
- ``serve`` and ``make-model`` are the server's room's own

What it must not know: Locust, and how a run is conducted; loads are Locust's to run. Each command
imports what it needs when it is called, so ``eiload --help`` is instant. Errors are one line each,
and the exit status is that of what went wrong or of the verdict.
"""
