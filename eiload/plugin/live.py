"""The live page's data: one answer a second, whoever and however many ask for it.

What it knows: the present run's coordinator, what was watched of it, the runs before. What it must
not know: HTTP, Locust.
"""

import json
import logging
import time
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any

from eiload.base.clock import NS_PER_S, Clock
from eiload.control.coordinator import Coordinator
from eiload.control.present import Present
from eiload.judging.sla import Verdict, Word
from eiload.plugin.kept import Kept, Session
from eiload.plugin.outcome import Outcome
from eiload.record.intervals import Intervals
from eiload.report import words
from eiload.report.content import NO_VERDICT
from eiload.report.live import beside, head
from eiload.report.live.track import Track
from eiload.report.live.watch import WINDOW_S, Now, Watch

__all__ = ["Live"]

logger = logging.getLogger("eiload")

FRESH_S = 0.9
"""How old an answer may be that is given again: the page asks once a second."""

HEAD_ONLY = "head"

GOOD = {Word.PASS: "good", Word.FAIL: "bad"}


class Live:
    """What the live page is told.

    Args:
        clock: the clock.
        last: returns what was said last.
    """

    def __init__(self, clock: Clock, last: Callable[[], str]) -> None:
        self.session = Session()
        """The runs that have ended."""
        self.refused = ""
        """Why the last start was refused; empty if it was not."""
        self._clock = clock
        self._last = last
        self._number = 0
        self._coordinator: Coordinator | None = None
        self._driven = False
        self._watch: Watch | None = None
        self._now: list[Now] = []
        self._ended: Kept | None = None
        self._beside: dict[str, Any] | None = None
        self._head = ""
        self._made_s = -FRESH_S

    # -- a run's course ------------------------------------------------------------------------

    def begin(self, coordinator: Coordinator, watch: Watch, *, driven: bool) -> None:
        """Watch a run that begins."""
        self._number += 1
        self._coordinator, self._watch, self._driven = coordinator, watch, driven
        self._ended, self._now, self._beside = None, [], None
        self.refused = ""
        self._made_s = -FRESH_S

    def add(self, intervals: Intervals) -> None:
        """Count what a worker has reported."""
        if self._watch is not None and self._coordinator is not None:
            self._watch.add(intervals, self._coordinator.elapsed_ns / NS_PER_S)

    def tick(self) -> None:
        """Look how the run does; once a second while it is on."""
        if self._watch is None or self._coordinator is None or self._ended is not None:
            return
        present = self._coordinator.present()
        if present.stopped_ns is not None:
            self._watch.due.stopped_s = min(
                self._watch.due.stopped_s, present.stopped_ns / NS_PER_S
            )
        heard_s = [heard_ns / NS_PER_S for heard_ns in present.heard_ns] if present.begun else []
        if present.begun:
            self._now = self._watch.look(present.elapsed_ns / NS_PER_S, heard_s)

    def looked(self, verdicts: Sequence[Verdict]) -> None:
        """Take note of what a look has shown."""
        if self._watch is not None:
            self._watch.ahead.seen = verdicts

    def end(self, name: str, outcome: Outcome) -> None:
        """Keep what became of a run, or of a start that came to nothing."""
        if self._ended is not None or self._watch is None:  # it did not begin
            self._number += 1
            self._coordinator = self._watch = None
            self._now = []
        self.tick()
        self._ended = self.session.add(name, outcome, self._clock.wall_ns())
        run = outcome.run
        self._beside = _whatever(lambda: beside.ended(run)) if run is not None else None
        self._made_s = -FRESH_S

    # -- what is told --------------------------------------------------------------------------

    def told(self, run: int, view: str, generation: int, after: int) -> str:
        """Return what a page is told, as JSON: how it is now, and what it does not know yet.

        Args:
            run: which run the page shows; 0 for none.
            view: ``recent`` for the last minutes, ``head`` for none, else the whole run.
            generation: of the items that it has.
            after: how many of them it has.
        """
        if time.monotonic() >= self._made_s + FRESH_S:
            self._made_s = time.monotonic()
            self._head = _json(self._heading())
        watch = self._watch
        parts = [f'"head":{self._head}', f'"run":{self._number}']
        if watch is not None and view != HEAD_ONLY:
            track = watch.recent if view == "recent" else watch.whole
            knows = run == self._number and generation == track.generation
            after = after if knows else 0
            parts += _items(track, after)
            if not knows:
                parts.append(f'"fixed":{_json(head.fixed(watch.scenario))}')
        return "{" + ",".join(parts) + "}"

    def _heading(self) -> dict[str, Any]:
        told: dict[str, Any] = {
            "stage": "idle",
            "refused": _said(self.refused),
            "runs": self.session.rows(),
        }
        coordinator, watch, ended = self._coordinator, self._watch, self._ended
        if ended is not None:
            told |= {"stage": "failed" if ended.outcome.run is None else "over"}
            told |= {"error": _said(ended.outcome.error), "number": ended.number}
        if coordinator is None or watch is None:
            return told
        present = coordinator.present()
        stopped = coordinator.stopped
        told |= self._place(coordinator, present)
        told["aim"] = head.aim(watch.scenario, present.targets)
        told["badges"] = head.badges(watch, present.targets, present.problems, stopped)
        if self._now:
            told["targets"] = head.targets(watch, self._now, present.targets, present.failures)
            told["objectives"] = head.objectives(watch, present.answers)
        told["beside"] = self._beside
        if ended is None:
            told["beside"] = _whatever(
                lambda: beside.now(
                    watch.scenario, coordinator.observing.lately(), present.targets,
                    WINDOW_S, present.elapsed_ns / NS_PER_S,
                )
            )  # fmt: skip
        if ended is not None and ended.outcome.judgement is not None:
            told |= _verdict(ended, [badge for badge in told["badges"] if badge[0] == "emulated"])
        return told

    def _place(self, coordinator: Coordinator, present: Present) -> dict[str, Any]:
        """Return where in its course the run is."""
        phase, total_ns = coordinator.position()
        stage = "ready"
        if present.begun:
            stage = "drain" if phase == "drain" else "load"
        if self._ended is not None:
            stage = "over" if self._ended.outcome.run is not None else "failed"
        total_s = 0.0 if self._driven else total_ns / NS_PER_S
        elapsed_s = present.elapsed_ns / NS_PER_S
        return {
            "stage": stage,
            "said": _said(self._last()),
            "elapsed": round(elapsed_s, 1),
            "total": total_s,
            "phase": words.safe(phase, head.NAME_AT_MOST),
            "workers": [present.ready, present.workers],
            "look": self._watch.ahead.next_s(elapsed_s) if self._watch is not None else None,
        }


def _whatever(say: Callable[[], dict[str, Any] | None]) -> dict[str, Any] | None:
    """Return what is said of the server's side; a defect in it costs no more than that."""
    try:
        return say()
    except Exception as error:
        logger.exception("what was read of the server's side cannot be shown")
        why = words.safe(f"internal error: {type(error).__name__}: {error}")
        return {"when": "", "servers": [], "machines": [], "notes": [why]}


def _items(track: Track, after: int) -> list[str]:
    """Return the part of an answer with what was told after so many items."""
    first = max(after, track.first)
    items = ",".join(islice(track.items, first - track.first, None))
    return [
        f'"generation":{track.generation}', f'"next":{track.first + len(track.items)}',
        f'"reset":{str(after == 0).lower()}', f'"items":[{items}]',
    ]  # fmt: skip


def _verdict(ended: Kept, known: list[list[str]]) -> dict[str, Any]:
    """Return the verdict on a run that has ended, with badges beside those that are known."""
    judgement = ended.outcome.judgement
    assert judgement is not None
    valid = judgement.validity.valid
    badges = known + [["bad", "INVALID", words.safe(each)] for each in judgement.validity.reasons]
    badges += [["open", "CAUTION", words.safe(each)] for each in judgement.validity.cautions]
    return {
        "verdict": {"summary": words.safe(judgement.summary, 600), "tone": ended.tone},
        "badges": badges,
        "objectives": [
            {
                "objective": words.safe(each.objective.text),
                "target": words.safe(each.target, head.NAME_AT_MOST),
                "phase": words.safe(each.objective.phase or "", head.NAME_AT_MOST),
                "observed": words.safe(each.observed),
                "missing": words.safe(each.reason),
                "word": str(each.word) if valid else NO_VERDICT,
                "tone": GOOD.get(each.word, "open") if valid else "open",
            }
            for each in judgement.verdicts
        ],
    }


def _said(text: str) -> str:
    """Return what was said in several lines, in one."""
    return words.safe("; ".join(text.splitlines()), 600)


def _json(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), allow_nan=False)
