"""A stand-in of the tests: a process as any other, forked from one that is loaded."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from eiload.server.launch import StandInProcess
from tests.warm import file_of, warm

__all__ = ["WarmStandIn", "WarmTensorFlow"]


class WarmStandIn(StandInProcess):
    """One that is there after 20 ms of CPU, and not after most of a second."""

    warm = "eiload.server"
    """What it is forked from, of `tests.warm.LOADED`."""

    def _started(
        self, arguments: Sequence[str], environ: Mapping[str, str], errors: IO[bytes]
    ) -> subprocess.Popen[bytes]:
        if not Path("/proc/self/fd").exists():
            return super()._started(arguments, environ, errors)
        (its_in, our_in), (our_out, its_out) = os.pipe(), os.pipe()
        try:
            process: Any = warm(self.warm).start(
                arguments,
                folder=Path.cwd(),
                environ=environ,
                stdin=file_of(its_in),
                out=file_of(its_out),
                err=file_of(errors.fileno()),
            )
        finally:
            os.close(its_in)
            os.close(its_out)
        process.stdin, process.stdout = os.fdopen(our_in, "wb"), os.fdopen(our_out, "rb")
        return process  # type: ignore[no-any-return]


class WarmTensorFlow(WarmStandIn):
    """One of a real model, which is loaded in a tenth of a second instead of four."""

    warm = "eiload.server TensorFlow"
