"""YAML text to plain data, with the line and column of everything.

What it knows: YAML, and how little of it a scenario needs. What it must not know: what a scenario
is. Strict where YAML surprises: refused are duplicate keys, keys that are not text, tags (nothing
is ever constructed), aliases (a few lines of them can mean gigabytes), a second document, numbers
that are read differently by different readers (`eiload.scenario.scalar`), and whatever is deeper,
larger or longer than any scenario.

Strategy: PyYAML composes nodes with their marks, by a loader without its own ideas about types;
one recursive walk (depth <= 32) makes data and collects problems without stopping at the first.
Only text that is no YAML at all stops at once, for nothing after it can be trusted.
"""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import yaml

from eiload.base.quantity import shown
from eiload.scenario.problem import Path, Problem
from eiload.scenario.scalar import Expanded, control_character, expanded, typed

__all__ = ["Document", "Mark", "read"]

BYTES_AT_MOST = 1_000_000
"""A scenario has a few kB; this bounds the time to refuse something else (YAML: 0.3 MB/s)."""
DEPTH_AT_MOST = 32
VALUES_AT_MOST = 20_000
"""Keys and values in a document; a folder says in one what would be thousands of image names."""

PLAIN, QUOTED, LIST, MAPPING, ALIAS = "plain", "quoted", "list", "mapping", "alias"
"""The tags that our loader gives to nodes; any other one was written by the user."""


class Mark(NamedTuple):
    """A place in the text; both count from 1."""

    line: int
    column: int


@dataclass(slots=True)
class Document:
    """Plain data, where each part of it stands, and what is wrong with it already."""

    data: object = None
    values: dict[Path, Mark] = field(default_factory=dict)
    keys: dict[Path, Mark] = field(default_factory=dict)
    problems: list[tuple[Mark, Problem]] = field(default_factory=list)

    def place(self, problem: Problem) -> Mark:
        """Return where `problem` stands: at its key or value, or at the nearest one above it."""
        path = problem.path
        if problem.at_key and path in self.keys:
            return self.keys[path]
        while path not in self.values and path:
            path = path[:-1]
        return self.values.get(path, Mark(1, 1))


def read(text: str | bytes, environ: Mapping[str, str]) -> Document:
    """Return the one document in `text`, with all that is wrong with it as YAML.

    Bytes are UTF-8; a byte order mark is skipped.
    """
    document = Document()
    try:
        _Walk(document, environ).run(_compose(_decoded(text)))
    except _UnreadableError as refused:
        document.problems.append((refused.mark, Problem((), refused.text)))
    return document


class _UnreadableError(Exception):
    """Nothing after this can be trusted."""

    def __init__(self, text: str, mark: Mark = Mark(1, 1)) -> None:  # noqa: B008 - immutable
        super().__init__(text)
        self.text = text
        self.mark = mark


def _decoded(text: str | bytes) -> str:
    if len(text) > BYTES_AT_MOST:
        size = f"{len(text):,} {'bytes' if isinstance(text, bytes) else 'characters'}"
        raise _UnreadableError(f"too large, got {size}; expected at most {BYTES_AT_MOST:,}")
    if isinstance(text, bytes):
        if text.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise _UnreadableError("not UTF-8, got UTF-16; expected the file saved as UTF-8")
        try:
            text = text.decode()
        except UnicodeDecodeError as error:
            wrong = f"the byte {error.object[error.start]:#04x}"
            raise _UnreadableError(
                f"not UTF-8, got {wrong}; expected the file saved as UTF-8",
                _mark_after(error.object[: error.start].decode()),
            ) from None
    return text.removeprefix("\ufeff")


def _mark_after(text: str) -> Mark:
    """Return the place that follows `text`."""
    lines = text.split("\n")
    return Mark(len(lines), len(lines[-1]) + 1)


class _Loader(yaml.SafeLoader):
    """PyYAML's parser, with our tags, no types of its own, and bounds."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._depth = 0
        self._values = 0

    def here(self) -> Mark:
        """Return how far reading has come."""
        return Mark(self.line + 1, self.column + 1)

    def resolve(self, kind: type[yaml.Node], value: object, implicit: object) -> str:  # noqa: ARG002
        """Return our tag for a node that has none in the text."""
        if kind is yaml.ScalarNode:
            return PLAIN if isinstance(implicit, tuple) and implicit[0] else QUOTED
        return LIST if kind is yaml.SequenceNode else MAPPING

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Compose one node and what is in it, within the bounds."""
        event = self.peek_event()  # type: ignore[no-untyped-call]
        mark = _mark(event.start_mark)
        self._values += 1
        if self._values > VALUES_AT_MOST:
            raise _UnreadableError(
                f"too long; expected at most {VALUES_AT_MOST:,} keys and values", mark
            )
        if self._depth >= DEPTH_AT_MOST:
            raise _UnreadableError(f"too deep; expected at most {DEPTH_AT_MOST} levels", mark)
        if isinstance(event, yaml.AliasEvent):
            self.get_event()  # type: ignore[no-untyped-call]
            return yaml.ScalarNode(ALIAS, event.anchor, event.start_mark)  # type: ignore[arg-type]
        self._depth += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self._depth -= 1


def _mark(mark: yaml.error.Mark | None) -> Mark:
    return Mark(mark.line + 1, mark.column + 1) if mark else Mark(1, 1)


def _compose(text: str) -> yaml.Node | None:
    """Return the top node, or None for an empty text.

    Raises:
        _UnreadableError: it is not YAML, or more than one document, or beyond the bounds.
    """
    try:
        loader = _Loader(text)
    except yaml.reader.ReaderError as error:
        raise _UnreadableError(
            f"not text, got the character {chr(error.character)!r}; expected printable characters",
            _mark_after(text[: error.position]),
        ) from None
    try:
        return loader.get_single_node()
    except yaml.MarkedYAMLError as error:
        index = getattr(error.problem_mark, "index", 0)
        if text[max(index - 1, 0) : index + 1] == "${":
            words = "a reference to the environment between brackets; expected it in quotes"
            raise _UnreadableError(f"not YAML: {words}", _mark(error.problem_mark)) from None
        raise _UnreadableError(_in_our_words(error), _mark(error.problem_mark)) from None
    except (ValueError, OverflowError):  # escapes such as "\Uffffffff"
        raise _UnreadableError("not YAML: no such character", loader.here()) from None
    finally:
        loader.dispose()


_IN_OUR_WORDS = (
    ("found another document", "a second document; expected one, without a further '---'"),
    (r"found character '\t'", "a tab; expected spaces for indentation"),
    ("cannot start any token", "{}; expected such a text in quotes"),
    ("mapping values are not allowed", "{}; expected one 'key: value' a line, ': ' in quotes"),
    ("could not find expected ':'", "{}; expected 'key: value'"),
    ("expected <block end>", "{}; expected the same indentation as the lines above"),
    ("expected ',' or", "{}; expected a closing bracket, or a comma"),
    ("unexpected end of stream", "{}; expected a closing quote"),
)
"""Part of what PyYAML says, and what we say (braces stand for what PyYAML says)."""


def _in_our_words(error: yaml.MarkedYAMLError) -> str:
    problem = error.problem or error.context or "cannot be read"
    words = next((ours for part, ours in _IN_OUR_WORDS if part in problem), "{}")
    return f"not YAML: {words.format(problem)}"


class _Broken:
    """Stands for a value that has a problem already."""

    def __repr__(self) -> str:
        return "(see above)"


class _Walk:
    """One walk over the nodes."""

    def __init__(self, document: Document, environ: Mapping[str, str]) -> None:
        self._document = document
        self._environ = environ

    def run(self, node: yaml.Node | None) -> None:
        if node is None:
            raise _UnreadableError("empty; expected 'name:', 'targets:', 'payload:' and 'traffic:'")
        self._document.data = self._value(node, ())

    def _complain(self, node: yaml.Node, path: Path, text: str, *, at_key: bool = False) -> None:
        self._document.problems.append((_mark(node.start_mark), Problem(path, text, at_key)))

    def _value(self, node: yaml.Node, path: Path) -> object:
        self._document.values[path] = _mark(node.start_mark)
        if node.tag == ALIAS:
            self._complain(node, path, "an alias ('*name'); expected the value itself")
        elif node.tag not in {PLAIN, QUOTED, LIST, MAPPING}:
            self._complain(node, path, f"a tag, got {shown(node.tag)}; expected the value without")
        elif isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        elif isinstance(node, yaml.SequenceNode):
            return [self._value(each, (*path, index)) for index, each in enumerate(node.value)]
        elif isinstance(node, yaml.ScalarNode):
            return self._scalar(node, path)
        return _Broken()

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, object]:
        data: dict[str, object] = {}
        for key_node, value_node in node.value:
            key = self._key(key_node, path)
            if key is None:
                continue
            here = (*path, key)
            if bad := control_character(key):
                self._complain(key_node, here, f"the character {bad!r} in a key; expected text")
            elif key in data:
                first = self._document.keys[here].line
                self._complain(
                    key_node,
                    here,
                    f"duplicate key {shown(key)}, first in line {first}; expected it once",
                    at_key=True,
                )
            else:
                self._document.keys[here] = _mark(key_node.start_mark)
                data[key] = self._value(value_node, here)
        return data

    def _key(self, node: yaml.Node, path: Path) -> str | None:
        """Return the text of a key, or complain."""
        key: object = None
        if isinstance(node, yaml.ScalarNode) and node.tag in {PLAIN, QUOTED}:
            key = node.value
            if node.tag == PLAIN:
                with contextlib.suppress(ValueError):
                    key = typed(node.value)
        if isinstance(key, str):
            return key
        got = f", got {shown(node.value)}" if isinstance(node, yaml.ScalarNode) else ""
        where = (*path, str(node.value)) if got else (*path, "?")
        self._complain(node, where, f"a key that is not text{got}; expected it in quotes")
        return None

    def _scalar(self, node: yaml.ScalarNode, path: Path) -> object:
        try:
            text = expanded(node.value, self._environ)
            if text and (bad := control_character(text)):
                raise ValueError(f"the character {bad!r} in a text; expected printable ones")
            return text if node.tag == QUOTED or isinstance(text, Expanded | None) else typed(text)
        except ValueError as error:
            self._complain(node, path, str(error))
            return _Broken()
