"""Programs that nobody here wrote, for tests: found, run, stopped; nginx by a few lines."""

import contextlib
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

__all__ = ["found", "nginx", "running"]

NGINX = """
daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;
events {{}}
http {{
  access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/1;
  fastcgi_temp_path {folder}/2; uwsgi_temp_path {folder}/3; scgi_temp_path {folder}/4;
  {http}
}}
"""


def found(program: str) -> str:
    """Return a program's path; skip the test if there is none."""
    path = shutil.which(program) or shutil.which(program, path="/usr/sbin:/sbin")
    if path is None:
        pytest.skip(f"{program} is not installed")
    return path


@contextlib.contextmanager
def running(command: list[str], port: int) -> Iterator[None]:
    """Have a program listen on a port for the length of a block."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 60
        while time.monotonic() < until:
            assert process.poll() is None, f"{command[0]} ended with {process.returncode}"
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.02)
        yield
    finally:
        process.terminate()
        process.wait(60)


@contextlib.contextmanager
def nginx(folder: Path, http: str, port: int) -> Iterator[None]:
    """Run nginx for the length of a block.

    Args:
        folder: for its files.
        http: what is in its block ``http``.
        port: one that it listens on, from which on it is there.
    """
    program, config = found("nginx"), folder / "nginx.conf"
    config.write_text(NGINX.format(folder=folder, http=http))
    with running([program, "-p", str(folder), "-c", str(config)], port):
        yield
