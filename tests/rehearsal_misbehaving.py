"""The hard dry run: 200 people who vanish, come back late, click twice, go back, reload and keep two tabs.

`make rehearse-hard` runs them on both databases with reservations of a few seconds, then lets well-behaved
participants follow until every item has its target, and compares everything with a recount in plain SQL.
"""

import sys
import time
from pathlib import Path
from typing import Any

from tests.recount import recount
from tests.rehearsal import launch, materials, on_both_databases, report, tell
from tests.servers import WebServer

PEOPLE = 200
RESERVATION_MINUTES = 0.05
HABITS = {
    "--dropout": 0.3,
    "--latecomers": 0.2,
    "--double-submit": 0.2,
    "--back": 0.2,
    "--reload": 0.2,
    "--two-tabs": 0.1,
}
MISBEHAVIOUR = [word for name, share in HABITS.items() for word in (name, str(share))]
FURTHER, MOST_ROUNDS = 8, 30
Told = dict[str, Any]


def main() -> int:
    return on_both_databases(rehearse)


def rehearse(label: str, home: Path, url: str) -> int:
    """Run one whole rehearsal and print its figures; how many of its expectations failed."""
    target = PEOPLE * 12 // (2 * materials()[3])
    with WebServer(home, url, workers=2) as server:
        launch(server, target, RESERVATION_MINUTES)
        load = ("--participants", str(PEOPLE), "--concurrency", "50", "--seed", "1", *MISBEHAVIOUR)
        hard = tell(server, "simulate", "rehearsal", "--url", server.address, *load)
        after_hard = recount(url)
        time.sleep(RESERVATION_MINUTES * 60)
        clean = follow(server, target)
        checked = tell(server, "study", "check", "rehearsal")
        exported = tell(server, "export", "rehearsal", "--out", str(home / "long.csv"))
    found = recount(url)
    runs = [hard, *clean]
    log = server.log.read_text()
    people = sum(run["participants"] for run in runs)
    sys.stdout.write(
        f"{label}: {PEOPLE} people in {hard['seconds']} s, {hard['completed']} completed, "
        f"{hard['dropped']} dropped, {hard['late']} late, {hard['double_submits']} double submits, "
        f"{hard['backs']} backs, {hard['stale_tabs']} from stale tabs, {hard['reloads']} reloads, "
        f"{hard['retries']} retries, submit p50 {hard['submit_p50_ms']} ms, p99 {hard['submit_p99_ms']} ms\n"
        f"  answers per item: {after_hard.least} to {after_hard.most} after them, "
        f"{found.least} to {found.most} after {people - PEOPLE} more (target {target}, "
        f"{len(found.answers)} items)\n"
        f"  {sum(run['acknowledged'] for run in runs)} ratings acknowledged, {found.ratings} found\n"
    )
    return report(
        {
            "every run's own counts are right": all(run["ok"] for run in runs),
            f"{hard['late']} late finishers, {hard['dropped']} stayed away": hard["late"]
            > 0
            < hard["dropped"],
            f"every item has its target of {target}": found.least >= target,
            "nobody was dealt a question twice": found.questions_twice == 0,
            "nothing is stored twice": found.stored_twice == 0 == sum(run["twice"] for run in runs),
            "nothing acknowledged is lost or differs": not any(
                run["lost"] or run["differing"] for run in runs
            ),
            "acknowledged = found = exported": sum(run["acknowledged"] for run in runs)
            == found.ratings
            == exported["rows"],
            "the counters of every item are right": found.wrong_counters == 0,
            "study check finds no problem": checked["problems"] == [],
            "study check agrees with the recount": agrees(
                checked, found.__dict__ | {"least_answers": found.least, "most_answers": found.most}
            ),
            "no error in the log": not any(word in log for word in ("ERROR", "WARNING", "Traceback")),
        }
    )


def follow(server: WebServer, target: int) -> list[Told]:
    """Small well-behaved runs, one after another, until every item has its target."""
    runs: list[Told] = []
    while tell(server, "study", "check", "rehearsal")["least_answers"] < target and len(runs) < MOST_ROUNDS:
        load = ("--participants", str(FURTHER), "--concurrency", str(FURTHER), "--seed", str(2 + len(runs)))
        runs.append(tell(server, "simulate", "rehearsal", "--url", server.address, *load))
    return runs


def agrees(checked: Told, counted: Told) -> bool:
    names = ("participants", "completed", "responses", "ratings", "least_answers", "most_answers")
    return all(checked[name] == counted[name] for name in names)


if __name__ == "__main__":
    sys.exit(main())
