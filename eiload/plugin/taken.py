"""Names of options that eiload has taken: what a locustfile that wants one of them is told.

What it knows: argparse's ways with conflicts. What it must not know: what the options are for.
Without this the user's listener fails with a traceback that does not say whose option it was.
"""

import argparse
from collections.abc import Collection, Iterable
from typing import Any, NoReturn

__all__ = ["adding", "guard"]


def guard(parser: argparse.ArgumentParser, ours: Collection[str]) -> None:
    """Have another option of a name that is ours refused in one sentence, with status 2.

    Args:
        parser: Locust's.
        ours: our options' names, such as ``--model``.
    """
    argparse_refuses = parser._handle_conflict_error  # noqa: SLF001
    group_of = parser.add_argument_group

    def refuse(action: argparse.Action, conflicts: Iterable[tuple[str, Any]]) -> None:
        conflicts = list(conflicts)
        for name, _ in conflicts:
            if name in ours:
                _leave(parser, name)
        argparse_refuses(action, conflicts)

    def add_argument_group(*args: Any, **kwargs: Any) -> Any:
        group = group_of(*args, **kwargs)
        vars(group)["_handle_conflict_error"] = refuse
        return group

    for container in (parser, *parser._action_groups):  # noqa: SLF001  # there is no other way
        vars(container)["_handle_conflict_error"] = refuse
    vars(parser)["add_argument_group"] = add_argument_group


def adding(parser: argparse.ArgumentParser, error: argparse.ArgumentError) -> NoReturn:
    """Say that a name is taken that eiload wanted to take; leave with status 2."""
    _leave(parser, error.argument_name or str(error))


def _leave(parser: argparse.ArgumentParser, name: str) -> NoReturn:
    parser.exit(
        2, f"eiload: {name}: the locustfile adds an option that eiload has; give it another name\n"
    )
