"""Senders of a test process, forked from one that is loaded: 20 ms of CPU instead of 150.

The tests start hundreds, and nine tenths of what most of them take is Python and asyncio, loaded
anew. So a process of its own has the sender loaded, and gRPC too. One that is forked is a child of
the test process, not of that one (clone(2), CLONE_PARENT), so that it is waited for, killed and
seen to end as ever; its socket, files, environment, folder and limits are those that it would have
been given. Only what Python does before the sender's `main` is not done again.

A sender begins cold, as users' do, where a clone cannot be had, where the environment has something
to say to Python itself, and in files that ask for it (the fixture `cold_senders`); so do those of
Locust, which are not started from here.

Run as a script, with the number of its socket as its argument, it is the process that is forked.
"""

import contextlib
import ctypes
import functools
import gc
import json
import os
import platform
import resource
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import IO, Any

LOADED = ("eiload.sending.sender", "eiload.sending.grpcio", "eiload.sending.http1.channel")

CLONE_PARENT = 0x8000
CLONES = {("Linux", "x86_64"): 56, ("Linux", "aarch64"): 220}
"""The number of clone(2), by system and machine."""

REQUEST_BYTES = 1 << 20


class _Started(subprocess.Popen[bytes]):
    """A child of this process that another one has started."""

    def __init__(self, args: Sequence[str], pid: int) -> None:
        self.args, self.pid, self.returncode = list(args), pid, None
        self.stdin = self.stdout = self.stderr = None
        self._child_created = True
        self._waitpid_lock = threading.Lock()


class _Warm:
    """The process that is forked, of this test process; it ends with it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, REQUEST_BYTES)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", __file__, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )

    def start(self, args: Sequence[str], stderr: IO[bytes], env: Mapping[str, str]) -> _Started:
        """Start a sender: what `subprocess.Popen` does with the same arguments."""
        order = {
            "environ": dict(env),
            "folder": os.getcwd(),  # noqa: PTH109
            "files": resource.getrlimit(resource.RLIMIT_NOFILE),
        }
        fds = [*map(int, args[-2:]), stderr.fileno()]
        with self._lock:
            socket.send_fds(self._socket, [json.dumps(order).encode()], fds)
            told = self._socket.recv(100)
        assert told, "the process that senders are forked from has ended"
        return _Started(args, int(told))


@functools.cache
def _warm() -> _Warm:
    return _Warm()


def _of_python(environ: Mapping[str, str]) -> dict[str, str]:
    """Return what an environment says to Python and to the C library when they start."""
    told = {name: environ[name] for name in environ if name.startswith(("PYTHON", "LD_", "MALLOC"))}
    return {name: value for name, value in told.items() if name != "PYTHONUNBUFFERED"}


_AT_FIRST = _of_python(os.environ), sys.executable


class _Subprocess:
    """The module `subprocess`, as `eiload.sending.child` sees it."""

    def __getattr__(self, name: str) -> Any:
        return getattr(subprocess, name)

    def Popen(self, args: Sequence[str], **options: Any) -> Any:  # noqa: N802 - the module's name
        if (_of_python(os.environ), sys.executable) != _AT_FIRST:
            return subprocess.Popen(args, **options)
        return _warm().start(args, options["stderr"], options["env"])


@contextlib.contextmanager
def warm_senders() -> Iterator[None]:
    """Have the engines of this process start such senders meanwhile."""
    if (platform.system(), platform.machine()) not in CLONES:
        yield
        return
    import pytest  # not for the process that is forked

    from eiload.sending import child

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(child, "subprocess", _Subprocess())
        yield


def _serve(ours: socket.socket) -> list[int] | None:
    """Fork for each request; return its files in each child, and None at the end."""
    libc = ctypes.PyDLL(None)  # which keeps the interpreter's lock: nobody else may run meanwhile
    libc.syscall.restype = ctypes.c_long
    number = CLONES[platform.system(), platform.machine()]
    python = ctypes.pythonapi
    while True:
        data, fds, _, _ = socket.recv_fds(ours, REQUEST_BYTES, 8)
        if not data:
            return None
        python.PyOS_BeforeFork()
        pid = libc.syscall(*map(ctypes.c_long, (number, CLONE_PARENT | signal.SIGCHLD, 0, 0, 0, 0)))
        if pid == 0:
            python.PyOS_AfterFork_Child()
            _become(json.loads(data), fds[-1])
            return fds[:-1]
        python.PyOS_AfterFork_Parent()
        ours.send(str(pid).encode())
        for fd in fds:
            os.close(fd)


def _become(order: dict[str, Any], stderr: int) -> None:
    os.setsid()
    os.chdir(order["folder"])
    os.dup2(stderr, 2)
    os.close(stderr)
    os.environ.clear()
    os.environ.update(order["environ"])
    resource.setrlimit(resource.RLIMIT_NOFILE, order["files"])


if __name__ == "__main__":
    from importlib import import_module

    for module in LOADED:
        import_module(module)
    gc.collect()
    gc.freeze()
    with socket.socket(fileno=int(sys.argv[1])) as asked:
        files = _serve(asked)
    if files is not None:
        from eiload.sending.sender import main

        main([sys.argv[0], *map(str, files)])
