"""The image, as far as it can be seen without a container: its files, its start, its health."""

import importlib.util
import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from types import ModuleType

import pytest

from eiload.server.cli import PORTS

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
ENTRYPOINT = DEPLOY / "entrypoint.sh"


# -- how it is built -----------------------------------------------------------------------------


def instructions() -> list[tuple[str, str]]:
    """Return the Dockerfile's instructions, each as its word and the rest in one line."""
    text = (DEPLOY / "Dockerfile").read_text("utf-8")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    return [(line.partition(" ")[0], line.partition(" ")[2]) for line in joined.splitlines()]


def stages() -> dict[str, list[tuple[str, str]]]:
    """Return the instructions of each stage by its name."""
    found: dict[str, list[tuple[str, str]]] = {}
    name = ""
    for word, rest in instructions():
        if word == "FROM":
            _, _, name = rest.partition(" AS ")
            found[name] = [(word, rest)]
        elif name:
            found[name].append((word, rest))
    return found


def test_load_is_the_default_and_has_no_runtime() -> None:
    """The last stage is what is built unless another is asked for."""
    assert list(stages()) == ["build", "stripped", "base", "model", "load"]
    assert stages()["load"][1] == ("COPY", "--from=stripped /opt/venv /opt/venv")
    assert any(rest.startswith("eiload strip-tensorflow --yes") for _, rest in stages()["stripped"])


def test_nobody_in_particular_runs_it() -> None:
    """A numeric user that is not root, so that Kubernetes can check it (runAsNonRoot)."""
    words = dict(stages()["base"])
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", words["USER"])
    for name in ("load", "model"):
        assert not {word for word, _ in stages()[name]} & {"USER", "RUN"}


def test_forms_without_a_shell() -> None:
    """Signals reach the program: PID 1 is no shell."""
    words = dict(stages()["base"])
    assert json.loads(words["ENTRYPOINT"]) == ["eiload-entrypoint"]
    assert json.loads(words["CMD"]) == ["--help"]
    options, _, command = words["HEALTHCHECK"].partition("CMD ")
    assert json.loads(command)[0] == "python"
    known = {"--interval", "--timeout", "--start-period", "--retries"}  # to buildah 1.28 as well
    assert {option.partition("=")[0] for option in options.split()} <= known
    assert "--interval=" in options


def test_what_is_copied_is_there() -> None:
    """And is sent to the builder: .dockerignore names what it needs, and nothing else goes."""
    ignore = (DEPLOY / "Dockerfile.dockerignore").read_text("utf-8").splitlines()
    lines = [line for line in ignore if line and not line.startswith("#")]
    sent = [line[1:] for line in lines if line.startswith("!")]
    assert lines[0] == "*"
    for path in sent:
        assert (ROOT / path).exists(), path
    for name, steps in stages().items():
        for word, rest in steps:
            assert word != "ADD", name
            if word == "COPY" and "--from=" not in rest:
                *sources, _ = [part for part in rest.split() if not part.startswith("--")]
                for source in set(sources) - {"."}:
                    assert any(fnmatch(source, path) for path in sent), source
    for path in ("LICENSE", "README.md", "scenarios", "schema", "pyproject.toml", "eiload"):
        assert path in sent  # what the wheel is made of


# -- how it starts -------------------------------------------------------------------------------


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """Return a folder with programs that say how they were called."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("locust", "eiload"):
        program = folder / name
        program.write_text(
            "#!/bin/sh\n"
            '[ "$*" != locustfile ] || { echo /the/package.py; exit; }\n'
            f'echo "{name} $*"; echo "in $PWD with ${{LOCUST_LOCUSTFILE:-nothing}}"\n'
        )
        program.chmod(0o755)
    return folder


OURS = "/the/package.py"


@pytest.mark.parametrize(
    ("arguments", "line", "locustfile"),
    [
        ("master --headless --scenario demo", "locust --master --headless --scenario demo", OURS),
        ("worker --master-host m", "locust --worker --master-host m", OURS),
        ("--worker --master-host m -u 5", "locust --worker --master-host m -u 5", OURS),
        ("--master --headless", "locust --master --headless", OURS),
        ("locust --version", "locust --version", OURS),
        ("serve --profile p2.xlarge", "eiload serve --host 0.0.0.0 --profile p2.xlarge", ""),
        ("demo --report-json r.json", "eiload demo --report-json r.json", ""),
        ("run demo", "eiload run demo", ""),
        ("eiload doctor", "eiload doctor", ""),
        ("--help", "eiload --help", ""),
        ("--version", "eiload --version", ""),
        ("", "eiload --help", ""),
    ],
)
def test_what_it_does(
    arguments: str, line: str, locustfile: str, programs: Path, tmp_path: Path
) -> None:
    """By the first argument; Locust gets the package's locustfile where there is no other."""
    environ = {"PATH": f"{programs}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["/bin/sh", str(ENTRYPOINT), *arguments.split()],
        cwd=tmp_path, env=environ, check=True, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.stdout.splitlines() == [line, f"in {tmp_path} with {locustfile or 'nothing'}"]


@pytest.mark.parametrize("how", ["file", "environment"])
def test_the_users_own_locustfile(how: str, programs: Path, tmp_path: Path) -> None:
    """One in the working directory, as operators mount it, or one that is named, is taken."""
    environ = {"PATH": f"{programs}:{os.environ['PATH']}"}
    if how == "file":
        (tmp_path / "locustfile.py").write_text("")
    else:
        environ["LOCUST_LOCUSTFILE"] = "/mine.py"
    done = subprocess.run(
        ["/bin/sh", str(ENTRYPOINT), "master"],
        cwd=tmp_path, env=environ, check=True, capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert done.stdout.endswith("with nothing\n" if how == "file" else "with /mine.py\n")


def test_its_arguments_are_said() -> None:
    """docs/install.md has a line for each word that it knows."""
    docs = (ROOT / "docs" / "install.md").read_text("utf-8")
    for word in re.findall(r"^    (\w+)\) shift", ENTRYPOINT.read_text("utf-8"), re.MULTILINE):
        assert f"`{word}" in docs


# -- its health ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def health() -> ModuleType:
    """Return the script."""
    spec = importlib.util.spec_from_file_location("healthcheck", DEPLOY / "healthcheck.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def entry(ours: int, theirs: int, state: str) -> str:
    """Return a line of /proc/net/tcp."""
    return f"   0: 0100007F:{ours:04X} 0100007F:{theirs:04X} {state} 00000000:00000000 00:00000000"


@pytest.mark.parametrize(
    ("command", "environ", "line", "problem"),
    [
        ("locust --worker", {}, entry(40000, 5557, "01"), ""),
        ("locust --worker", {}, entry(40000, 5557, "02"), "not connected to a master on port 5557"),
        ("locust --worker --master-port=7", {}, entry(40000, 7, "01"), ""),
        ("locust --worker --master-port 7", {}, entry(40000, 5557, "01"), "not connected"),
        (
            "locust",
            {"LOCUST_MODE_WORKER": "true", "LOCUST_MASTER_NODE_PORT": "7"},
            entry(1, 7, "01"),
            "",
        ),
        ("locust --master", {}, entry(5557, 0, "0A"), ""),
        ("locust --master", {}, entry(5557, 9, "01"), "nothing listens to workers on port 5557"),
        ("locust --master", {"LOCUST_MASTER_BIND_PORT": "7"}, entry(7, 0, "0A"), ""),
        ("/bin/sh /usr/local/bin/eiload-entrypoint master", {}, "", "nothing listens to workers"),
        ("/sbin/docker-init -- eiload-entrypoint worker", {}, "", "not connected to a master"),
        ("/sbin/docker-init -- eiload-entrypoint master", {}, entry(5557, 0, "0A"), ""),
        ("/sbin/docker-init -- eiload-entrypoint demo", {}, "", ""),
        ("eiload serve", {}, entry(8500, 0, "0A"), ""),
        ("eiload serve --port 9000", {}, entry(8500, 0, "0A"), "nothing listens to clients"),
        ("eiload serve --api tf-rest", {}, entry(8501, 0, "0A"), ""),
        ("eiload serve --api=container", {}, entry(8500, 0, "0A"), "nothing listens to clients"),
        ("eiload serve --api container --port 7", {}, entry(7, 0, "0A"), ""),
        ("eiload run demo", {}, "", ""),
    ],
)
def test_health(
    command: str, environ: dict[str, str], line: str, problem: str, health: ModuleType
) -> None:
    """By the sockets that the process's part needs."""
    found = health.unwell(command.split(), environ, [line])
    assert found.startswith(problem)
    assert bool(found) == bool(problem)


def test_ports_of_stand_ins(health: ModuleType) -> None:
    """The check knows those that `eiload serve` takes if none is said."""
    assert {api: health.PORTS.get(api, health.GRPC_PORT) for api in PORTS} == PORTS


@pytest.fixture
def listening() -> Iterator[int]:
    """Listen on a port and return it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel's table of sockets is Linux's")
def test_the_kernels_own_table(health: ModuleType, listening: int) -> None:
    """A real socket is found in it."""
    table = Path("/proc/net/tcp").read_text("ascii").splitlines()[1:]
    command = ["eiload", "serve", "--port", str(listening)]
    assert health.unwell(command, {}, table) == ""
