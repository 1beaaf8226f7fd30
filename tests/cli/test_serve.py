"""Where `honeyglass serve` listens, and what it refuses before it does."""

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import pytest

from app.cli.serving import BACKGROUND, WORKER
from app.jobs.files import EARLIER
from tests.cli.conftest import Honeyglass


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """Where it would have listened."""
    found: list[tuple[Any, ...]] = []
    monkeypatch.setattr("app.cli.serving.run", lambda *address: found.append(address))
    return found


@pytest.fixture(autouse=True)
def beside(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What it would have started beside itself."""
    found: list[list[str]] = []

    def start(commands: list[list[str]]) -> AbstractContextManager[None]:
        found.extend(commands)
        return nullcontext()

    monkeypatch.setattr("app.cli.serving.beside", start)
    return found


@pytest.mark.usefixtures("served")
@pytest.mark.parametrize(
    "options,expected",
    [
        ([], [BACKGROUND, WORKER]),
        (["--no-worker"], [BACKGROUND]),
        (["--no-background"], [WORKER]),
        (["--no-worker", "--no-background"], []),
    ],
)
def test_it_starts_the_background_process_and_a_worker_unless_told_otherwise(
    honeyglass: Honeyglass,
    beside: list[list[str]],
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
    expected: list[list[str]],
) -> None:
    monkeypatch.setattr("app.cli.serving.can_load_students", lambda: True)
    assert honeyglass("serve", *options).status == 0
    assert beside == expected


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.7", "study.example.org"])  # noqa: S104  # refused
def test_an_address_that_others_reach_is_refused_without_a_proxy(
    honeyglass: Honeyglass, served: list[tuple[Any, ...]], monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    refused = honeyglass("serve", "--no-worker", "--host", host)
    assert (refused.status, served) == (1, [])
    assert refused.complaint == (
        f"Error: Others can reach {host}, without TLS and without a proxy that takes blows. Serve on "
        "127.0.0.1 behind a proxy (docs/deploy.md), or say --behind-proxy if there is one.\n"
    )
    monkeypatch.setenv("HONEYGLASS_HOST", host)
    assert honeyglass("serve", "--no-worker").complaint == refused.complaint
    assert honeyglass("serve", "--no-worker", "--behind-proxy").status == 0
    assert [address[0] for address in served] == [host]


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_this_machine_alone_needs_no_proxy(
    honeyglass: Honeyglass, served: list[tuple[Any, ...]], host: str
) -> None:
    assert honeyglass("serve", "--no-worker", "--host", host).status == 0
    assert [address[0] for address in served] == [host]


@pytest.mark.usefixtures("served")
def test_files_of_answers_that_an_earlier_release_made_are_gone_though_no_background_process_runs(
    honeyglass: Honeyglass, tmp_path: Path
) -> None:
    for name in EARLIER:
        (tmp_path / "home" / name / "small").mkdir(parents=True)
    assert honeyglass("serve", "--no-worker", "--no-background").status == 0
    assert [name for name in EARLIER if (tmp_path / "home" / name).exists()] == []
