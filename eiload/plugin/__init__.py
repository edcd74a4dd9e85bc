"""eiload inside Locust: its events, arguments, signals and messages, and nothing else.

What it knows: Locust's life cycle on a local runner, a master and a worker. What it must not know:
how load is sent, counted or judged; an `Agent` (on workers) and a `Coordinator` (on the master),
or both (local), do that, and this room carries their messages and tells them of Locust's events.

- `hooks`: Locust's events, from its `init` to its `quit`
- `roles`: Locust alone, a master, a worker: who makes the load, and the messages between them;
  `forked`: workers that are a master's own
- `runs`: one run after the other; `course`: one of them; `voice`: what is said, and where
- `looking`: looks at a run that goes on until all is decided, judged beside the load
- `targets`: user classes as a scenario's targets; `slips`: attributes that are misspelt
- `inputs`: the arrays that user classes give, or what is wrong with them
- `requests`: what users ask of the present run, and Locust's `request` event (`event`), or its sums
  where nobody listens to each (`totals`)
- `stage`: who Locust runs, its users and their shape or who stands for a scenario; `shape`: what
  keeps Locust going while a scenario makes the load
- `outcome`: what a run leaves; `others`: what else has happened in Locust; `status`: whose exit
  status it is; `why`: why Locust stops a run; `outputs`: where reports go, `delivery`: beside files
- `options`: ours beside Locust's; `taken`: a locustfile's own of the same name
- `library`: Locust without its command; `locustfile`: the one that comes with the package
- `interrupts`: Ctrl-C, SIGTERM, a terminal that goes away; `early`: the same before `init`, and
  workers that are forked there; `command`: Locust's, begun by us; `crash`: what that ends with when
  nobody handles an error
- `web`: the start form's answers; `origin`: from which pages they are used; `form`: what is added
  to Locust's own page; `pages`: ours, of what `live` knows of the present run and `kept` of those
  before
- `choice`: what the next run is, by the command line and the form; `starts`: one run at a time
- `searches`: capacity searches that the form begins, each the command as a process; `sought`: what
  the form says of one; `search_pages`: its pages
- `door`, `guest`: how a master and its workers meet; `greetings`: what they say to each other
  then; `link`: the proof between them

How Locust's ways are met (Locust 2.47; `docs/locust.md` says how each was seen):

- The load ends inside `test_stopping`, which Locust fires and waits for before it stops users or
  says a word to its workers: the drain and the final reports fit in there, whoever stops the run.
- Reports travel in Locust's own statistics messages, so they and Locust's numbers arrive together.
- The exit status is set in `quitting`, and to "invalid" from the start, so that no path that was
  not thought of ends in success.
"""
