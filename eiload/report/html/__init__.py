"""A run as one HTML file to hand on: pictures first, everything below, no network, no server.

Pure: a run and its judgement in, text out. It reads well without scripts (the pictures are SVG made
here); a small script adds hovering, choosing targets and sorting. The page carries the content
policy ``default-src 'none'`` with the digests of its one style sheet and its one script, so that it
shows the same from a mail, a disk or a CI's artefacts, and so that no name in a run can load or run
anything.

`page` puts it together in the frame of a `document`; `planned` and `sections` are pages of their
own; `verdicts` has objectives and comparison, `figures` the pictures with their keys, `charts` and
`bars` draw, `observed` shows the server's side, `over_time` computes what is drawn, `tables` lays
out the sections that all forms share, `svg` is the pen, `style` and `script` are the page's own.
"""

from eiload.report.html.page import render

__all__ = ["render"]
