"""The images' files say what works: their commands run here as plain processes, without Docker."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.servers import BIN, PostgresServer, WebServer, free_port

ROOT = Path(__file__).parents[1]
DOCKERFILE = (ROOT / "Dockerfile").read_text()


@pytest.fixture
def compose() -> dict[str, Any]:
    return dict(YAML(typ="safe", pure=True).load((ROOT / "docker-compose.yml").read_text()))


def test_the_compose_file_follows_the_compose_schema() -> None:
    command = [str(BIN / "check-jsonschema"), "--builtin-schema", "vendor.compose-spec", "docker-compose.yml"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def instruction(name: str) -> list[str]:
    """The JSON form of the last CMD or HEALTHCHECK."""
    found = re.findall(rf"^{name}\b.*?(\[.*\])$", DOCKERFILE, re.MULTILINE)
    command: list[str] = json.loads(found[-1])
    return command


@pytest.fixture
def environment(
    postgres: PostgresServer, tmp_path: Path, compose: dict[str, Any]
) -> Iterator[dict[str, str]]:
    """What the image and the compose file set, with this machine's paths, port and database."""
    said = re.findall(r"(HONEYGLASS_\w+)=(\S+)", DOCKERFILE)
    assert dict(said) == {"HONEYGLASS_HOME": "/data", "HONEYGLASS_HOST": "0.0.0.0"}  # noqa: S104  # in the image
    postgres.run("CREATE DATABASE deployed")
    assert "HONEYGLASS_DATABASE_URL" in compose["services"]["web"]["environment"]
    yield {
        **os.environ,
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "HONEYGLASS_HOME": str(tmp_path / "data"),
        "HONEYGLASS_HOST": "127.0.0.1",
        "HONEYGLASS_PORT": str(free_port()),
        "HONEYGLASS_DATABASE_URL": postgres.url("deployed"),
    }
    postgres.run("DROP DATABASE deployed WITH (FORCE)")


@pytest.mark.postgres
def test_the_images_command_migrates_and_serves_and_its_health_check_knows(
    environment: dict[str, str], tmp_path: Path
) -> None:
    check = [str(BIN / instruction("HEALTHCHECK")[0]), *instruction("HEALTHCHECK")[1:]]
    before = subprocess.run(check, env=environment, capture_output=True, text=True, check=False)
    assert before.returncode == 1
    assert "No server answers" in before.stderr
    log = tmp_path / "log"
    with log.open("wb") as out:
        server = subprocess.Popen(instruction("CMD"), env=environment, cwd=ROOT, stdout=out, stderr=out)
    try:
        WebServer.wait_for(f"http://127.0.0.1:{environment['HONEYGLASS_PORT']}", log)
        after = subprocess.run(check, env=environment, capture_output=True, text=True, check=False)
        assert (after.returncode, after.stdout) == (0, "ready\n")
    finally:
        server.terminate()
        server.wait(timeout=15)


def test_the_image_is_slim_pinned_and_runs_as_an_ordinary_user() -> None:
    assert re.search(r"pip install .*-c constraints\.txt --no-build-isolation \.$", DOCKERFILE, re.MULTILINE)
    assert "[dev]" not in DOCKERFILE
    assert "[training]" not in DOCKERFILE
    assert "\nUSER honeyglass\n" in DOCKERFILE
    assert all(
        ":latest" not in line and ":" in line for line in re.findall(r"^FROM .*", DOCKERFILE, re.MULTILINE)
    )
    for folder in ("app", "templates", "static", "migrations", "demo"):
        assert f"COPY {folder} {folder}" in DOCKERFILE
        assert (ROOT / folder).is_dir()


def test_the_database_is_pinned_checked_and_kept(compose: dict[str, Any]) -> None:
    web, database = compose["services"]["web"], compose["services"]["database"]
    assert re.fullmatch(r"postgres:\d+-\w+", database["image"])
    assert web["depends_on"]["database"]["condition"] == "service_healthy"
    assert database["volumes"][0].split(":")[0] in compose["volumes"]
    assert web["volumes"] == ["home:/data"]
    assert web["ports"] == ["127.0.0.1:8000:8000"]
    assert "PASSWORD:?" in database["environment"]["POSTGRES_PASSWORD"]
