"""Attributes of user classes that were meant to be other ones.

What it knows: what a class says, and what its own code reads. What it must not know: what the words
mean. A class may have any attributes of its own beside ours, so a name is a slip only if it is
close to one of ours *and* nothing in the files of its classes reads it.
"""

import ast
import functools
import inspect
import sys
from collections.abc import Iterator, Sequence
from types import ModuleType

from locust import User

from eiload.base.near import slip_of

__all__ = ["slips"]

OTHERS = {"server": "host", "label": "version_label", "timeout": "deadline"}
"""What our words are called elsewhere: in scenarios, by other clients."""

LIBRARIES = frozenset({"builtins", "eiload", "locust", "typing"})


def slips(cls: type, known: Sequence[str]) -> Iterator[str]:
    """Yield a line for each attribute of a user class that is probably a slip.

    Args:
        cls: the user class.
        known: the words that eiload reads.
    """
    owners = [each for each in cls.__mro__ if each.__module__.split(".")[0] not in LIBRARIES]
    ours = {*known, "client", *dir(User)}
    for owner in owners:
        for name, value in vars(owner).items():
            if name.startswith("_") or name in ours or callable(value) or hasattr(value, "__get__"):
                continue
            meant = OTHERS.get(name, slip_of(name, known))
            if meant is not None and not any(_reads(each.__module__, name) for each in owners):
                yield (
                    f"{owner.__name__}.{name}: unknown attribute, which nothing reads "
                    f"(did you mean {meant!r}?)"
                )


def _reads(module: str, name: str) -> bool:
    """Tell whether a module's code reads an attribute or variable; yes if there is no code to see.

    (In a notebook there is none.)
    """
    names = _names_read(sys.modules[module]) if module in sys.modules else None
    return names is None or name in names


@functools.cache
def _names_read(module: ModuleType) -> frozenset[str] | None:
    """Return the names that a module reads, those in texts (for `getattr`) included."""
    try:
        tree = ast.parse(inspect.getsource(module))
    except (OSError, TypeError, SyntaxError):
        return None
    found = set[str]()
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Load()) | ast.Attribute(attr=name, ctx=ast.Load()):
                found.add(name)
            case ast.Constant(value=str(text)):
                found.add(text)
    return frozenset(found)
