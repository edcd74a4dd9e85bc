"""What a run says, in the forms that people and machines read.

Each form is one small module with ``render(run, judgement) -> str``: `terminal`, `json`,
`markdown`, `junit`. All take their numbers from `figures` and their wording from `words`, so no
two forms can disagree. `progress` gives the one line shown while a run goes on. Nothing in here
judges, measures, opens a file or asks for the time.
"""
