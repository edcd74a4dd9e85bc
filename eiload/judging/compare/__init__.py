"""Is the candidate slower than the baseline? Two targets of one run, or the files of several runs.

`paired` compares two targets of one run; `pair` has what any two are judged by, `comparison`
what is found. `files` decides whether files are two separate runs or one scenario again and again,
`comparable` refuses what must not be compared, `repeated` puts runs of one scenario together.
"""

from eiload.judging.compare.paired import compare

__all__ = ["compare"]
