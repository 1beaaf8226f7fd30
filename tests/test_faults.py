"""A server killed with -9 while people answer: what was acknowledged is there, once."""

import json
from pathlib import Path

from app.web.db import Database
from tests.factories import make_study
from tests.faults import simulate_through_kills
from tests.recount import recount
from tests.servers import WebServer

PEOPLE, ITEMS, CONSTRUCTS, TARGET = 32, 4, 2, 8


def test_killed_servers_lose_nothing_that_was_acknowledged_and_store_nothing_twice(
    database_url: str, tmp_path: Path
) -> None:
    database = Database(database_url)
    with database.transaction(writing=True) as session:
        make_study(session, audience="synthetic", attention={"count": 1}, design={"ratings_per_item": TARGET})
    database.engine.dispose()
    with WebServer(tmp_path / "home", database_url, workers=2) as server:
        load = ("small", "--participants", str(PEOPLE), "--concurrency", "16", "--seed", "3")
        kills = ((25, "server"), (55, "worker"), (85, "server"))
        told = simulate_through_kills(
            server, database_url, (*load, "--double-submit", "0.2", "--back", "0.1"), kills
        )
        checked = json.loads(server.command("study", "check", "small", "--json").stdout)
    found = recount(database_url)
    assert told["errors"] == []
    assert (told["kills"], told["ok"], told["completed"]) == (3, True, PEOPLE)
    assert told["retries"] > 0
    assert (told["lost"], told["differing"], told["twice"], found.stored_twice) == (0, 0, 0, 0)
    assert told["acknowledged"] == found.ratings == PEOPLE * ITEMS * CONSTRUCTS
    assert (found.wrong_counters, checked["problems"]) == (0, [])
    assert (found.least, found.most) == (TARGET, TARGET)
