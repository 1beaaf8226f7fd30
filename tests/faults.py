"""Killing the server in the middle: participants go on as browsers do, and nothing may be lost."""

import json
import subprocess
import time
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Engine, create_engine, text

from tests.servers import BIN, WebServer

LONGEST_S = 120


def simulate_through_kills(
    server: WebServer, url: str, command: Sequence[str], kills: Sequence[tuple[int, str]]
) -> dict[str, Any]:
    """Run `simulate` and kill -9 at each (responses stored so far, "worker" | "server"); what it told.

    A killed server is started again on its port at once; a killed worker is replaced by the server.
    """
    engine = create_engine(url)
    process = subprocess.Popen(
        [BIN / "honeyglass", "simulate", *command, "--url", server.address, "--json"],
        env=server.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    done = 0
    for responses, what in kills:
        if not wait_for_responses(engine, responses, process):
            break
        if what == "worker":
            server.kill_worker()
        else:
            server.kill()
            server.start()
        done += 1
    out, complaint = process.communicate(timeout=LONGEST_S)
    engine.dispose()
    if not out:
        raise RuntimeError(complaint)
    told: dict[str, Any] = json.loads(out)
    return told | {"kills": done}


def wait_for_responses(engine: Engine, responses: int, process: "subprocess.Popen[str]") -> bool:
    """Whether so many responses were stored while the simulation was still running."""
    deadline = time.monotonic() + LONGEST_S
    while time.monotonic() < deadline and process.poll() is None:
        with engine.connect() as connection:
            if connection.execute(text("SELECT count(*) FROM response")).scalar_one() >= responses:
                return True
        time.sleep(0.02)
    return False
