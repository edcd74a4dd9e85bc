"""What a trace's columns choose: a class, an image, a batch size, a target.

What it knows: which texts stand for which part of the payload, image, batch or target. What it must
not know: files, instants, how many requests a payload becomes (`picks`).
"""

from collections.abc import Iterator, Sequence
from pathlib import PurePath
from typing import NamedTuple

from eiload.base.near import nearest
from eiload.base.quantity import shown
from eiload.scenario.payload import Content, Payload
from eiload.scenario.problem import Problem

__all__ = ["KINDS", "Chooser", "TraceChoice"]

KINDS = ("class", "image", "batch", "target")

OFFERED = 8
"""Words that an error lists; of more these and how many more."""


class TraceChoice(NamedTuple):
    """What one text of each column means; None where the trace does not choose it."""

    part: int | None = None
    """Of the payload."""
    image: int | None = None
    """Of the part."""
    batch: int | None = None
    """The place among the part's batch sizes."""
    target: int | None = None
    """The only one that gets the request."""


class Chooser:
    """Reads what requests choose.

    Args:
        columns: what is chosen (of `KINDS`), and the name of its column.
        payload: what there is to choose from.
        targets: their names, likewise.
    """

    def __init__(
        self, columns: Sequence[tuple[str, str]], payload: Payload, targets: Sequence[str]
    ) -> None:
        self._columns = columns
        self._kinds = [kind for kind, _ in columns]
        self._payload = payload
        self._targets = targets
        self._images = [_images(part) for part in payload.parts]

    def problems(self, *, compared: bool) -> Iterator[Problem]:
        """Yield what cannot be chosen at all, whatever the trace has.

        Args:
            compared: two targets are compared, request by request.
        """
        kinds, mix = self._kinds, self._payload.mix
        if "class" in kinds and not mix:
            yield Problem(("class",), "no classes to choose from; expected a payload with 'mix:'")
        for kind in [each for each in ("image", "batch") if each in kinds]:
            if mix and "class" not in kinds:
                yield Problem(
                    (kind,), "of which class of the mix; expected 'class:' to be chosen, too"
                )
            for index, part in enumerate(self._payload.parts):
                if not part.pictures:
                    of = f"class {mix[index].name}" if mix else "the payload"
                    yield Problem((kind,), f"{of} has no pictures; expected 'images:' there")
        if "target" in kinds and compared:
            yield Problem(
                ("target",),
                "a comparison sends each request to both targets; expected no 'compare:', or no "
                "target to be chosen",
            )

    def choice(self, texts: Sequence[str]) -> TraceChoice:
        """Return what the texts of one request mean.

        Raises:
            ValueError: one of them means nothing, by its column.
        """
        if len(texts) != len(self._columns):
            raise ValueError(f"{len(texts)} choices; expected {len(self._columns)}")
        of = dict(zip(self._kinds, texts, strict=True))
        part = image = batch = target = None
        if "class" in of:
            part = self._found("class", of["class"], self._payload.classes)
        content = self._payload.parts[part or 0]
        if "image" in of:
            image = self._image(of["image"], part or 0)
        if "batch" in of:
            batch = self._batch(of["batch"], content)
        if "target" in of:
            target = self._found("target", of["target"], self._targets)
        if part is None and (image is not None or batch is not None):
            part = 0
        return TraceChoice(part, image, batch, target)

    def _found(self, kind: str, text: str, words: Sequence[str]) -> int:
        if text not in words:
            raise self._none(kind, text, [shown(word) for word in words], nearest(text, words))
        return words.index(text)

    def _image(self, text: str, part: int) -> int:
        images = self._images[part]
        found = [index for index, image in enumerate(images) if image == text or _ends(image, text)]
        if len(found) == 1:
            return found[0]
        if found:
            several = " and ".join(shown(images[index]) for index in found[:2])
            raise ValueError(
                f"{self._where('image')}: which of {several}, got {shown(text)}; expected a "
                "longer part of its path"
            )
        names = [PurePath(image).name for image in images]
        raise self._none("image", text, [shown(name) for name in names], nearest(text, names))

    def _batch(self, text: str, content: Content) -> int:
        sizes = content.batches
        try:
            size = float(text)  # 4.0, as tables with gaps write whole numbers
        except ValueError:
            size = 0.0
        if size not in sizes:
            raise self._none(
                "batch", text, list(map(str, sizes)), ", or the payload's 'batch:' to list it"
            )
        return sizes.index(int(size))

    def _none(self, kind: str, text: str, words: Sequence[str], hint: str) -> ValueError:
        more = f" and {len(words) - OFFERED} more" if len(words) > OFFERED else ""
        return ValueError(
            f"{self._where(kind)}: no such {kind}, got {shown(text)}; expected one of "
            f"{', '.join(words[:OFFERED])}{more}{hint}"
        )

    def _where(self, kind: str) -> str:
        return f"column {dict(self._columns)[kind]!r}"


def _images(part: Content) -> list[str]:
    """Return what a part's images are called: their paths, or names of those that are made."""
    if part.synthetic is None:
        return list(part.images)
    return part.synthetic.names()


def _ends(path: str, text: str) -> bool:
    """Tell whether a path ends in another one, whole names only."""
    parts = PurePath(text).parts
    return bool(parts) and PurePath(path).parts[-len(parts) :] == parts
