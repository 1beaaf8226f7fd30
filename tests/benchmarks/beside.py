"""How long a participant's page waits while staff have large files made.

`make bench-beside` fills an SQLite database with 300,000 ratings, starts a server, asks for a study's page
every 20 ms, first alone and then beside two exports as JSON lines, a report and a data package, and prints
the waits.
"""

import argparse
import http.client
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx2
import numpy as np

from app.web.db import Database
from app.web.migrations import upgrade
from tests.benchmarks.scale import store
from tests.factories import PASSWORD
from tests.servers import WebServer
from tests.staff import ADA, bearer

PAUSE_S, IDLE_S, MOST_S = 0.02, 10, 900


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


def export(server: WebServer, token: dict[str, str]) -> float:
    started = time.perf_counter()
    address = f"{server.address}/api/v1/studies/small/exports/jsonl"
    answer = httpx2.get(address, headers=token, timeout=MOST_S)
    assert answer.status_code == 200, answer.text[:300]
    return time.perf_counter() - started


def make(server: WebServer, what: str) -> None:
    """Begin a report or a package, and wait until its page has it."""
    with httpx2.Client(base_url=server.address, timeout=MOST_S) as web:
        web.post("/sign-in", data={"email": ADA, "password": PASSWORD}, headers={"origin": server.address})
        web.post(f"/studies/small/results/{what}", headers={"origin": server.address})
        deadline = time.monotonic() + MOST_S
        while web.get(f"/studies/small/results/{what}").status_code != 200 and time.monotonic() < deadline:
            time.sleep(1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ratings", type=int, default=300_000)
    parser.add_argument(
        "--without-report", action="store_true", help="a report of so many takes many minutes"
    )
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
            idle, busy = threading.Event(), threading.Event()
            threading.Timer(IDLE_S, idle.set).start()
            print_waits("idle", waits_ms(server.port, idle))
            probe = pool.submit(waits_ms, server.port, busy)
            made = [pool.submit(make, server, "package")]
            made += [] if asked.without_report else [pool.submit(make, server, "report")]
            took = [pool.submit(export, server, token).result for _ in range(2)]
            seconds = [one() for one in took]
            busy.set()
            print_waits(f"two exports ({seconds[0]:.0f} and {seconds[1]:.0f} s) beside them", probe.result())


if __name__ == "__main__":
    main()
