"""The dry run with faults: the server is killed with -9 three times while 50 people answer at once.

`make rehearse-faults` does it on both databases. Twice every process of the server dies and it is started
again on its port, once only a worker; the synthetic participants go on as browsers would.
"""

import sys
from pathlib import Path

from tests.faults import simulate_through_kills
from tests.recount import recount
from tests.rehearsal import launch, on_both_databases, report, tell
from tests.servers import WebServer

PEOPLE = 50
KILLS = ((100, "server"), (250, "worker"), (400, "server"))  # at so many of 600 responses


def main() -> int:
    return on_both_databases(rehearse)


def rehearse(label: str, home: Path, url: str) -> int:
    with WebServer(home, url, workers=2) as server:
        launch(server, target=6)
        load = ("rehearsal", "--participants", str(PEOPLE), "--concurrency", str(PEOPLE), "--seed", "1")
        told = simulate_through_kills(server, url, (*load, "--double-submit", "0.2"), KILLS)
        checked = tell(server, "study", "check", "rehearsal")
    found = recount(url)
    sys.stdout.write(
        f"{label}: {PEOPLE} people at once in {told['seconds']} s, {told['kills']} kills, "
        f"{told['retries']} retries; {told['acknowledged']} ratings acknowledged, {found.ratings} found, "
        f"lost {told['lost']}, twice {found.stored_twice}\n"
    )
    for error in told["errors"][:10]:
        sys.stdout.write(f"  {error}\n")
    return report(
        {
            f"killed {len(KILLS)} times in the middle": told["kills"] == len(KILLS),
            f"all {PEOPLE} complete": told["completed"] == PEOPLE and told["ok"],
            "lost = 0, differing = 0": told["lost"] == told["differing"] == 0,
            "twice = 0": told["twice"] == found.stored_twice == 0,
            "acknowledged = found": told["acknowledged"] == found.ratings == PEOPLE * 60,
            "the counters of every item are right": found.wrong_counters == 0,
            "study check finds no problem": checked["problems"] == [],
        }
    )


if __name__ == "__main__":
    sys.exit(main())
