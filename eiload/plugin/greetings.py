"""What a worker and its master's door say to each other before they have anything else to say.

What it knows: these messages; `control.codec` has their form. What it must not know: who may come
in (`door`), what a proof is worth (`link`). A worker says hello; a door that asks for a proof
answers with a challenge, and what comes back is a proof or not.
"""

from dataclasses import dataclass

from eiload.control.codec import decode, kind_of

__all__ = [
    "Challenge", "Hello", "Proof", "Refused", "from_master", "from_worker", "is_from_master",
    "is_from_worker",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Hello:
    """A worker: I run eiload."""


@dataclass(frozen=True, slots=True)
class Challenge:
    """A master: show that you know the token."""

    nonce: str
    """A number used once."""


@dataclass(frozen=True, slots=True)
class Proof:
    """A worker: here it is."""

    proof: str
    """`link.proof` of the number."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A master: you are not let in."""

    why: str


_WORKERS: tuple[type[Hello | Proof], ...] = (Hello, Proof)
_MASTERS: tuple[type[Challenge | Refused], ...] = (Challenge, Refused)


def is_from_worker(data: object) -> bool:
    """Tell whether something says that it is a worker's greeting."""
    return kind_of(data) in {"hello", "proof"}


def is_from_master(data: object) -> bool:
    """Tell whether something says that it is a door's answer."""
    return kind_of(data) in {"challenge", "refused"}


def from_worker(data: object) -> Hello | Proof:
    """Return the greeting that something is.

    Raises:
        ValueError: it is none; says which field does not fit and what was expected.
    """
    return decode(data, _WORKERS)


def from_master(data: object) -> Challenge | Refused:
    """Return the door's answer that something is.

    Raises:
        ValueError: it is none; says which field does not fit and what was expected.
    """
    return decode(data, _MASTERS)
