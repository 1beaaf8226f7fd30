"""How long a participant's page waits while staff have large files made.

`make bench-beside` fills an SQLite database with 300,000 ratings, starts a server, asks for a study's page
every 20 ms: alone, beside two exports as JSON lines, a report and a data package, and alone once more, since
other programs of the machine may have begun or ended. It prints the waits.
"""

import argparse
import http.client
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import numpy as np

from app.web.db import Database
from app.web.migrations import upgrade
from tests.benchmarks.scale import store
from tests.servers import WebServer
from tests.staff import ADA, bearer

PAUSE_S, IDLE_S, SETTLE_S, MOST_S = 0.02, 10, 2, 900


def waits_ms(port: int, until: threading.Event) -> list[float]:
    waits = []
    while not until.is_set():
        started = time.perf_counter()
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        connection.request("GET", "/s/small")
        assert connection.getresponse().status == 200
        connection.close()
        waits.append((time.perf_counter() - started) * 1000)
        time.sleep(PAUSE_S)
    return waits


def print_waits(name: str, waits: list[float]) -> None:
    p50, p99 = np.quantile(waits, [0.5, 0.99])
    print(f"{name:<60}{len(waits):>7} pages  p50 {p50:>7.1f}  p99 {p99:>7.1f}  longest {max(waits):>7.1f} ms")


def export(server: WebServer, token: dict[str, str], include: str) -> float:
    """Get a table as a script does, which asks the job where waiting takes too long; the seconds."""
    started = time.perf_counter()
    with httpx2.Client(base_url=server.address, headers=token, timeout=MOST_S) as web:
        answer = web.get(f"/api/v1/studies/small/exports/jsonl{include}")
        if answer.status_code == 202:
            place = answer.headers["location"]
            while (state := web.get(place).json()["state"]) in {"waiting", "running"}:
                time.sleep(0.5)
            assert state == "done", web.get(place).text
            answer = web.get(f"{place}/file")
        assert answer.status_code == 200, answer.text[:300]
    return time.perf_counter() - started


def states(server: WebServer, token: dict[str, str]) -> list[dict[str, Any]]:
    answer = httpx2.get(f"{server.address}/api/v1/studies/small/jobs", headers=token, timeout=MOST_S)
    found: list[dict[str, Any]] = answer.json()
    return found


def measure_idle(server: WebServer, name: str) -> None:
    over = threading.Event()
    threading.Timer(IDLE_S, over.set).start()
    print_waits(name, waits_ms(server.port, over))


def measure_beside(server: WebServer, token: dict[str, str], pool: ThreadPoolExecutor) -> None:
    """Have everything made at once, and measure until both tables are there."""
    busy = threading.Event()
    probe = pool.submit(waits_ms, server.port, busy)
    for kind in ("report", "package"):
        address = f"{server.address}/api/v1/studies/small/{kind}"
        assert httpx2.post(address, headers=token, timeout=MOST_S).status_code == 202
    took = [pool.submit(export, server, token, include) for include in ("", "?include=uncounted")]
    seconds = [one.result() for one in took]
    busy.set()
    name = f"report, package, two exports ({seconds[0]:.0f} and {seconds[1]:.0f} s)"
    print_waits(name, probe.result())
    for job in states(server, token):
        how_far = f"{job['done']} of {job['total']}"
        print(f"  job {job['id']}, {job['kind']}: {job['state']}, {how_far} {job['reason'] or ''}")
        if job["state"] in {"waiting", "running"}:
            address = f"{server.address}/api/v1/studies/small/jobs/{job['id']}/cancel"
            httpx2.post(address, headers=token, timeout=MOST_S)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ratings", type=int, default=300_000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        url = f"sqlite:///{home / 'honeyglass.db'}"
        upgrade(url)
        database = Database(url)
        print(f"{store(database, asked.ratings):,} ratings")
        token = bearer(database, ADA, "admin")
        database.engine.dispose()
        with WebServer(home, url) as server, ThreadPoolExecutor(8) as pool:
            measure_idle(server, "idle")
            measure_beside(server, token, pool)
            time.sleep(SETTLE_S)
            measure_idle(server, "idle again")


if __name__ == "__main__":
    main()
