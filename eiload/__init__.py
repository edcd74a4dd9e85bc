"""Load tests for TensorFlow Serving and Amazon Elastic Inference in Locust.

The public names. Importing this package imports nothing else, because the sender process, which
must stay small, runs this file too; a name is loaded when it is asked for:

- in a locustfile: `SSDUser`, `PredictUser`, `Answer`;
- in scripts: `Scenario` and `load_scenario`, `Run` and `load_run`, `judge`.

Asking for a user class also registers the plugin with Locust (its arguments, scenarios, reports).

How it is built, and where to begin reading: docs/architecture.md.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from eiload.judging.judgement import judge
    from eiload.plugin.users import Answer, PredictUser, SSDUser
    from eiload.record.run import Run
    from eiload.record.run import load as load_run
    from eiload.scenario import Scenario
    from eiload.scenario import load as load_scenario

__all__ = [
    "Answer",
    "PredictUser",
    "Run",
    "SSDUser",
    "Scenario",
    "judge",
    "load_run",
    "load_scenario",
]

_HOMES = {
    "Answer": ("eiload.plugin.users", "Answer"),
    "PredictUser": ("eiload.plugin.users", "PredictUser"),
    "SSDUser": ("eiload.plugin.users", "SSDUser"),
    "Scenario": ("eiload.scenario", "Scenario"),
    "load_scenario": ("eiload.scenario", "load"),
    "Run": ("eiload.record.run", "Run"),
    "load_run": ("eiload.record.run", "load"),
    "judge": ("eiload.judging.judgement", "judge"),
}


def __getattr__(name: str) -> Any:
    """Load a public name when it is first asked for (PEP 562)."""
    if name == "__version__":
        from importlib.metadata import version  # noqa: PLC0415

        return version("eiload")
    if name not in _HOMES:
        raise AttributeError(f"module 'eiload' has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415

    module, attribute = _HOMES[name]
    if module == "eiload.plugin.users":
        import_module("eiload.plugin.early").watch()  # before the half second that all else takes
        import_module("eiload.plugin.hooks").register()
    value = getattr(import_module(module), attribute)
    globals()[name] = value
    return value
