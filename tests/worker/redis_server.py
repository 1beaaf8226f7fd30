"""A private Redis for tests; `python -m tests.worker.redis_server` makes sure that there is one to start."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import redis

from tests.servers import free_port

NO_SAVING = ("--save", "", "--appendonly", "no", "--bind", "127.0.0.1")


@contextmanager
def redis_server(folder: Path) -> Iterator[str]:
    """The address of an empty Redis that ends with the block."""
    port = free_port()
    command = ["redis-server", "--port", str(port), "--dir", str(folder), *NO_SAVING]
    with (folder / "redis.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        wait(port)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait(timeout=15)


def wait(port: int) -> None:
    client = redis.Redis(port=port)
    for _ in range(400):
        try:
            client.ping()
        except redis.ConnectionError:
            time.sleep(0.05)
        else:
            client.close()
            return
    raise TimeoutError("Redis does not answer.")


def provide() -> None:
    """Install Debian's when root; say what to install otherwise."""
    if shutil.which("redis-server"):
        return
    apt_get = shutil.which("apt-get")
    if os.geteuid() != 0 or apt_get is None:
        sys.exit("The tests start a Redis of their own: install redis-server (or valkey's of that name).")
    for command in (("update", "-qq"), ("install", "-y", "-qq", "--no-install-recommends", "redis-server")):
        subprocess.run([apt_get, *command], check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    provide()
