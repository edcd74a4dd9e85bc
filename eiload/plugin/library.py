"""Locust without its command: as a library, or with one user in a debugger.

What it knows: what Locust's command would have set, and what stands for it. What it must not know:
runs. There are no options then, no signals of ours, no `quit`: the report comes when a run ends, at
the latest when the process does.
"""

from collections.abc import Callable
from typing import Any

from locust.argument_parser import get_empty_argument_parser, setup_parser_arguments
from locust.env import Environment
from locust.runners import MasterRunner, WorkerRunner

from eiload.base.errors import EngineError
from eiload.plugin import options

__all__ = ["bring", "bring_by", "check", "is_library", "options_of"]

_ways: list[Callable[[Environment], None]] = []


def bring_by(attach: Callable[[Environment], None]) -> None:
    """Say what brings the plugin to an environment; harmless when repeated."""
    _ways[:] = [attach]


def bring(environment: Environment) -> None:
    """Bring the plugin to an environment that Locust's command has not made; called by its users.

    Raises:
        EiloadError: it is too late for that.
    """
    if not hasattr(environment, "eiload"):
        for attach in _ways:
            attach(environment)


def is_library(environment: Environment) -> bool:
    """Tell whether an environment was made by other code than Locust's command."""
    return environment.parsed_locustfiles is None


def options_of(environment: Environment) -> Any:
    """Return Locust's options: the command's, or the defaults where nobody has said them.

    Options that code has made itself get those of ours that they lack.
    """
    if not is_library(environment):
        return environment.parsed_options
    parser: Any = get_empty_argument_parser(default_config_files=[])
    setup_parser_arguments(parser)
    options.add(parser)
    found = parser.parse_args([], env_vars={})
    for name, value in vars(environment.parsed_options or found).items():
        setattr(found, name, value)
    found.headless = found.autostart = False  # nobody starts or ends anything for them
    found.host = environment.host
    return found


def check(environment: Environment) -> None:
    """Look whether the plugin may come when users are there already.

    Raises:
        EngineError: master and workers must have it before they meet.
    """
    if isinstance(environment.runner, MasterRunner | WorkerRunner):
        raise EngineError(
            "master and workers of your own code need eiload before the start: give each "
            "Environment events=locust.events, and fire environment.events.init once it has its "
            "runner"
        )
