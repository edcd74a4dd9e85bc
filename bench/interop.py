"""Clients that nobody here wrote, against both kinds of stand-in: whether they run to a result.

``python -m bench.interop``. NVIDIA's perf_analyzer with its tfserving backend, and OpenVINO's
ovmsclient, a published client for TensorFlow Serving's API, in an environment of its own. Each is
run against the emulated model and against a small real one (TensorFlow), and what it says is
printed. Fetched packages are kept in the bench's work folder. (AWS's example client and
TensorFlow's own converters run in the tests: ``tests/server/test_interop.py``.)
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.tools import Missing, Tools, default_work_dir
from eiload.scenario.standin import StandIn
from eiload.server.launch import StandInProcess
from eiload.server.make_model import Design, write_model

PERF_ANALYZER = (
    *("--service-kind", "tfserving", "-i", "grpc", "-m", "ssd", "-b", "1"),
    *("--shape", "inputs:64,48,3"),  # of one image; the batch is put before it
    *("--concurrency-range", "1:2", "--measurement-interval", "2000"),
    # Both cores are shared with the server, so windows differ; a result is wanted, not a verdict.
    *("--stability-percentage", "999"),
)

OVMSCLIENT = "ovmsclient==2023.1"
OVMS_PROGRAM = """
import sys
import numpy as np
from ovmsclient import make_grpc_client
client = make_grpc_client(sys.argv[1])
# Without a version it asks for version 0, which TensorFlow Serving takes by its word.
print("status  ", client.get_model_status("ssd", 1))
print("metadata", client.get_model_metadata("ssd", 1)["inputs"])
image = np.zeros((1, 64, 48, 3), np.uint8)
answer = client.predict({"inputs": image}, "ssd", 1)
print("predict ", {alias: tensor.shape for alias, tensor in sorted(answer.items())})
try:
    client.predict({"inputs": image}, "other", 1)
except Exception as error:
    print("unknown ", type(error).__name__, error)
"""


def ovmsclient(work_dir: Path) -> Path | Missing:
    """Return the Python of an environment that has ovmsclient."""
    venv = work_dir / "ovmsclient"
    python = venv / "bin" / "python"
    if not python.exists():
        try:
            subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True, timeout=120)
            pip = (str(python), "-m", "pip", "install", "--quiet", OVMSCLIENT)
            subprocess.run(pip, check=True, timeout=240)
        except (OSError, subprocess.SubprocessError) as error:
            return Missing("ovmsclient", str(error))
    return python


def show(title: str, command: tuple[str, ...], env: dict[str, str]) -> bool:
    """Run a client, print what it says, return whether it ended well."""
    done = subprocess.run(
        command,
        env={**os.environ, **env},
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
    )
    sys.stdout.write(f"== {title}: exit status {done.returncode}\n{done.stdout.strip()}\n\n")
    return done.returncode == 0


def main() -> int:
    """Run all clients against both models; return 0 if all ended well."""
    work_dir = default_work_dir(os.environ)
    analyzer, ovms = Tools(work_dir).perf_analyzer(), ovmsclient(work_dir)
    good = True
    with tempfile.TemporaryDirectory() as folder:
        write_model(Path(folder), 1, Design(size=64, width=0.05))
        models = {
            "emulated, 5 ms": StandIn.of(compute="5 ms"),
            "real model": StandIn.of(saved_model=folder),
        }
        for name, settings in models.items():
            with StandInProcess(settings) as process:
                if isinstance(analyzer, Missing):
                    sys.stdout.write(f"== perf_analyzer: missing: {analyzer.reason}\n\n")
                else:
                    command = (*analyzer.command, *PERF_ANALYZER, "-u", process.address)
                    title = f"perf_analyzer {analyzer.version}, {name}"
                    good &= show(title, command, dict(analyzer.env))
                if isinstance(ovms, Missing):
                    sys.stdout.write(f"== ovmsclient: missing: {ovms.reason}\n\n")
                else:
                    command = (str(ovms), "-c", OVMS_PROGRAM, process.address)
                    good &= show(f"{OVMSCLIENT}, {name}", command, {})
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
