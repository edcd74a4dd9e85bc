"""The peers' programs: found on PATH, or fetched by their package name into a folder of their own.

What it knows: package names, versions, how each program is run. What it must not know: benchmarks.

Debian's packages are downloaded and unpacked, not installed, so no root is needed and the machine
stays as it is; Python's go into a virtual environment. Both lie in the work folder, outside the
repository, and are found there the next time. What cannot be had is a `Missing` with the reason in
words, and the benchmarks say so in their tables.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["Missing", "Tool", "Tools", "default_work_dir"]

FETCH_TIMEOUT_S = 240

TRITONCLIENT = "tritonclient==2.47.0"
"""A wheel that carries perf_analyzer's binary with its tfserving backend, of June 2024, and runs on
Debian 12. It is not the newest: that is the package ``perf-analyzer`` 2.60.0 of April 2026, which
needs glibc 2.38 or newer (Debian 12 has 2.36). One on ``PATH`` is used before this."""
CUDA_RUNTIME = "nvidia-cuda-runtime-cu12"
"""perf_analyzer is linked to libcudart.so.12, whether or not it uses a GPU."""

NOT_FETCHED = {
    "ghz": "it is in neither Debian nor PyPI",
    "k6": "it is no package of Debian's, and not fetched for its licence (AGPL-3.0)",
}
"""Why programs are measured only where somebody has put them on ``PATH``."""

H2LOAD_PACKAGES = ("nghttp2-client", "libnghttp2-14", "libev4", "libjemalloc2")
B64_PACKAGE = "libb64-0d"


@dataclass(frozen=True, slots=True)
class Tool:
    """A program that can be run."""

    name: str
    command: tuple[str, ...]
    version: str
    env: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Missing:
    """A program that cannot be run, and why."""

    name: str
    reason: str


class Tools:
    """Finds the peers' programs.

    Args:
        work_dir: where fetched programs are kept.
        fetch: whether what is not there may be fetched.
    """

    def __init__(self, work_dir: Path, *, fetch: bool = True) -> None:
        self._work_dir = work_dir
        self._fetch = fetch

    def h2load(self) -> Tool | Missing:
        """Return nghttp2's load generator."""
        return self._find("h2load", self._h2load)

    def perf_analyzer(self) -> Tool | Missing:
        """Return NVIDIA's load generator."""
        return self._find("perf_analyzer", self._perf_analyzer)

    def on_path(self, name: str) -> Tool | Missing:
        """Return a program that is used if it is there and never fetched (ghz, k6)."""
        path = shutil.which(name)
        if path is None:
            why = NOT_FETCHED.get(name)
            return Missing(name, f"not on PATH; {why}" if why else "not on PATH")
        return Tool(name, (path,), _version(path, {}))

    def _find(self, name: str, fetched: Callable[[], Tool]) -> Tool | Missing:
        found = self.on_path(name)
        if isinstance(found, Tool):
            return found
        try:
            return fetched()
        except (OSError, subprocess.SubprocessError, _CannotFetchError) as error:
            return Missing(name, f"not on PATH, and {error}")

    def _h2load(self) -> Tool:
        root = self._debian(*H2LOAD_PACKAGES)
        path = str(root / "usr" / "bin" / "h2load")
        env = {"LD_LIBRARY_PATH": _libraries(root)}
        return Tool("h2load", (path,), _version(path, env), env)

    def _perf_analyzer(self) -> Tool:
        root = self._debian(B64_PACKAGE)
        venv = self._work_dir / "venv"
        path = venv / "bin" / "perf_analyzer"
        if not path.exists():
            self._allow(f"no {path.name} in the work folder")
            _run(sys.executable, "-m", "venv", str(venv))
            # Their Python dependencies are not needed to run the binary.
            pip = (str(venv / "bin" / "python"), "-m", "pip", "install", "--quiet", "--no-deps")
            _run(*pip, TRITONCLIENT, CUDA_RUNTIME)
        cuda = next(venv.rglob("libcudart.so.12"), None)
        if cuda is None or not path.exists():
            raise _CannotFetchError(f"{TRITONCLIENT} has no perf_analyzer for this system")
        env = {"LD_LIBRARY_PATH": f"{_libraries(root)}:{cuda.parent}"}
        return Tool("perf_analyzer", (str(path),), _version(str(path), env), env)

    def _debian(self, *packages: str) -> Path:
        """Return the folder that Debian packages are unpacked into."""
        root = self._work_dir / "debian"
        for package in packages:
            marker = root / f".{package}"
            if marker.exists():
                continue
            self._allow(f"no {package} in the work folder")
            if shutil.which("apt-get") is None:
                raise _CannotFetchError(f"{package} is fetched with apt-get, which is not here")
            downloads = self._work_dir / "downloads"
            downloads.mkdir(parents=True, exist_ok=True)
            for old in downloads.glob(f"{package}_*.deb"):
                old.unlink()
            _run("apt-get", "download", package, cwd=downloads)
            for file in downloads.glob(f"{package}_*.deb"):
                _run("dpkg-deb", "-x", str(file), str(root))
            marker.touch()
        return root

    def _allow(self, why: str) -> None:
        if not self._fetch:
            raise _CannotFetchError(f"{why}, and --no-fetch was given")


class _CannotFetchError(Exception):
    pass


def default_work_dir(environ: Mapping[str, str]) -> Path:
    """Return the folder for fetched programs: the user's cache folder."""
    cache = environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "eiload-bench"


def _run(*command: str, cwd: Path | None = None) -> None:
    try:
        subprocess.run(
            command, cwd=cwd, check=True, capture_output=True, text=True, timeout=FETCH_TIMEOUT_S
        )
    except subprocess.CalledProcessError as error:
        said = (error.stderr or error.stdout).strip().splitlines()
        what = " ".join(Path(part).name for part in command[:3])
        raise _CannotFetchError(f"{what} failed: {said[-1] if said else 'no reason'}") from error


def _libraries(root: Path) -> str:
    """Return the folders of shared libraries below an unpacked root, as LD_LIBRARY_PATH."""
    folders = sorted({str(path.parent) for path in root.glob("usr/lib/**/*.so*")})
    return ":".join(folders)


def _version(path: str, env: Mapping[str, str]) -> str:
    """Return the version number that a program tells."""
    said = subprocess.run(
        [path, "version" if Path(path).name == "k6" else "--version"],
        env={**os.environ, **env},
        capture_output=True,
        text=True,
        timeout=FETCH_TIMEOUT_S,
        check=False,
    )
    return version_in(said.stdout + said.stderr)


def version_in(text: str) -> str:
    """Return the first thing in a text that looks like a version number; "?" if none does."""
    found = re.search(r"\d+\.\d+(?:\.\d+)*", text)
    return found[0] if found else "?"


def names(tools: Sequence[Tool | Missing]) -> str:
    """Return the tools with their versions, and who is missing why, in words."""
    return "; ".join(
        f"{tool.name} {tool.version}"
        if isinstance(tool, Tool)
        else f"{tool.name} skipped: {tool.reason}"
        for tool in tools
    )
