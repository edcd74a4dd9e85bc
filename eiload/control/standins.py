"""The stand-ins of one run: started side by side before it, ended after it.

What it knows: which targets have one, the processes they are (`server.launch`). What it must not
know: workers, when a run begins and ends.
"""

import contextlib
import signal
from collections.abc import Callable
from types import TracebackType
from typing import Self

from eiload.base.errors import EngineError
from eiload.scenario import Scenario, Target
from eiload.server.launch import ACCESS_KEY, SECRET_KEY, StandInProcess
from eiload.serving.sagemaker.credentials import STAND_IN

__all__ = ["StandIns"]


def _started(target: Target) -> StandInProcess:
    """Return the process of a target's stand-in, which serves the way that the target is asked."""
    assert target.stand_in is not None
    settings = target.stand_in
    more: list[str] = []
    environ: dict[str, str] = {}
    if target.api != "grpc":
        settings = settings.model_copy(update={"api": target.api})
    if _has_pages(target) and target.api != "tf-rest":  # whose one port has the metrics too
        more = ["--rest-port", "0"]
    if target.api == "sagemaker":
        more += ["--endpoint", target.endpoint or "", "--region", target.region or ""]
        more += ["--variant", target.variant] if target.variant else []
        environ = {ACCESS_KEY: STAND_IN.access_key, SECRET_KEY: STAND_IN.secret_key}
    return StandInProcess(settings, target.model, arguments=more, environ=environ)


def _has_pages(target: Target) -> bool:
    """Tell whether a stand-in is looked at beside the load."""
    asked = target.observe
    return asked is not None and bool(asked.metrics or asked.gpu)


class StandIns:
    """The stand-ins of a scenario's targets; a context manager that ends them.

    Args:
        scenario: the scenario.
        say: told what is started.
    """

    def __init__(self, scenario: Scenario, say: Callable[[str], None]) -> None:
        self._scenario = scenario
        self._say = say
        self._stack = contextlib.ExitStack()
        self._starting: dict[str, StandInProcess] = {}
        self.pages: dict[str, str] = {}
        """Where those that are observed have their metrics, ``host:port`` by target name."""
        self._interrupted = False

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End them."""
        self._stack.close()

    def start(self) -> dict[str, str]:
        """Start all and wait until they serve; return their addresses by target name.

        Raises:
            EiloadError: one does not come up, or nobody wants them any more.
        """
        for name, target in self._scenario.targets.items():
            if target.stand_in is not None:
                self._say(f"starting the stand-in {name!r}")
                process = _started(target)
                self._stack.callback(process.close)
                process.start()
                self._starting[name] = process
        for process in self._starting.values():
            if self._interrupted:
                raise EngineError("the stand-ins are not wanted any more")
            process.wait()
        addresses = {name: process.address for name, process in self._starting.items()}
        self.pages = {
            name: process.rest_address
            for name, process in self._starting.items()
            if _has_pages(self._scenario.targets[name])
        }
        self._starting = {}
        return addresses

    def interrupt(self) -> None:
        """Have `start` end early: nobody needs to wait for their models; may come at any time."""
        self._interrupted = True
        for process in self._starting.values():
            process.signal(signal.SIGTERM)
