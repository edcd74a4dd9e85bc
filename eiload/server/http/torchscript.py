"""A TorchScript model behind the PyTorch container, run by PyTorch on this machine's CPU.

A file, or a folder as SageMaker unpacks a model.tar.gz: ``model.pt`` and perhaps
``code/inference.py``. What a request waits and takes here is real.
"""

from pathlib import Path
from typing import Any

from eiload.base.clock import Clock
from eiload.base.errors import ScenarioError
from eiload.scenario.standin import StandIn
from eiload.server.http.exchange import Answer, Ended
from eiload.server.http.toolkit import Functions, Invocation, functions, loaded, told, transformed
from eiload.server.http.torch_container import NO_WORKER, QUEUE, server_error
from eiload.server.http.workers import Workers
from eiload.server.torch_runtime import pytorch

__all__ = ["TorchScript"]

MODEL = "model.pt"
CODE = Path("code") / "inference.py"


class TorchScript:
    """One model, in as many copies as there are workers."""

    def __init__(self, settings: StandIn, model: str, clock: Clock) -> None:
        """Look at the files; each worker loads the model at its first request.

        Raises:
            ScenarioError: PyTorch is missing, or a file cannot be used.
        """
        assert settings.torchscript is not None
        self._name = model
        self._clock = clock
        self._file, code = located(settings.torchscript, settings.inference)
        self._torch = pytorch()
        self._chain = functions(loaded(code)) if code is not None else Functions()
        if self._chain.model_fn is None:
            self._read()  # now, so that a wrong file is said before anybody asks
        queue = QUEUE if settings.queue is None else settings.queue
        self._workers: Workers[Any] = Workers(settings.concurrency, queue, self._load)
        self.kind = f"TorchScript {self._file}"
        self.close = self._workers.close

    def __call__(
        self, body: bytes, content_type: str, accept: str, arrival_ns: int, ended: Ended
    ) -> None:
        """Answer an invocation."""
        asked = Invocation(body, content_type, accept)

        def job(model: Any) -> Answer:
            return transformed(self._torch, model, self._chain, asked)

        def end(outcome: Answer | Exception) -> None:
            answer = outcome if isinstance(outcome, Answer) else told(outcome)
            server_ns = self._clock.now_ns() - arrival_ns
            ended(Answer(answer.status, answer.body, answer.content_type, server_ns=server_ns))

        if not self._workers.submit(job, end):
            text = NO_WORKER.format(self._name)
            ended(server_error(503, "ServiceUnavailableException", text))

    def _load(self) -> Any:
        """Return a worker's model."""
        if self._chain.model_fn is not None:
            return self._chain.model_fn(str(self._file.parent))
        return self._read()

    def _read(self) -> Any:
        try:
            return self._torch.jit.load(str(self._file), map_location="cpu").eval()
        except (RuntimeError, ValueError, OSError) as error:
            raise ScenarioError(
                f"{self._file}: not a TorchScript file that can be loaded: "
                f"{str(error).strip().partition(chr(10))[0]}; "
                "'eiload make-model DIR --torch resnet' writes one"
            ) from error


def located(path: Path, inference: Path | None) -> tuple[Path, Path | None]:
    """Return the model's file and the user's Python file, None if there is none.

    Raises:
        ScenarioError: one that was named is not there.
    """
    file = path / MODEL if path.is_dir() else path
    if not file.is_file():
        raise ScenarioError(
            f"{file}: no such file; 'eiload make-model DIR --torch resnet' writes a model.pt"
        )
    if inference is None:
        beside = file.parent / CODE
        return file, beside if beside.is_file() else None
    if not inference.is_file():
        raise ScenarioError(f"inference: {inference}: no such file")
    return file, inference
