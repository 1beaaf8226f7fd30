"""The images' files say what works: their commands run here as plain processes, without Docker."""

import asyncio
import json
import os
import re
import subprocess
from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import ProgrammingError
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from app.web import migrations
from tests.servers import BIN, POSTGRES_PROGRAMS, PostgresServer, WebServer, free_port

ROOT = Path(__file__).parents[1]
FORBIDDEN = (
    "SELECT * FROM pg_authid",
    "CREATE DATABASE another",
    "CREATE ROLE another",
    "ALTER SYSTEM SET log_statement = 'all'",
    "COPY (SELECT 1) TO PROGRAM 'true'",
    "SELECT pg_read_file('/etc/passwd')",
)
MAY = "SELECT rolsuper, rolcreatedb, rolcreaterole, rolreplication FROM pg_roles WHERE rolname = current_user"
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
    installs = re.findall(r"pip install --no-cache-dir (.*?)(?: \\)?$", DOCKERFILE, re.MULTILINE)
    assert installs == ["--require-hashes -r locks/web.txt", "--no-deps --no-build-isolation ."]
    assert "[dev]" not in DOCKERFILE
    assert "[training]" not in DOCKERFILE
    assert "\nUSER honeyglass\n" in DOCKERFILE
    for image in re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE):
        assert re.fullmatch(r"python:3\.11\.\d+-slim-bookworm", image)
    for folder in ("app", "templates", "static", "migrations", "demo"):
        assert f"COPY {folder} {folder}" in DOCKERFILE
        assert (ROOT / folder).is_dir()


def test_the_database_is_pinned_checked_and_kept(compose: dict[str, Any]) -> None:
    web, database = compose["services"]["web"], compose["services"]["database"]
    assert re.fullmatch(r"postgres:\d+\.\d+-\w+", database["image"])
    assert web["depends_on"]["database"]["condition"] == "service_healthy"
    assert database["volumes"][0].split(":")[0] in compose["volumes"]
    assert web["volumes"][0] == "home:/data"
    assert web["ports"] == ["127.0.0.1:8000:8000"]
    assert "PASSWORD:?" in database["environment"]["POSTGRES_PASSWORD"]


def test_neither_container_can_do_more_than_its_work(compose: dict[str, Any]) -> None:
    web, database = compose["services"]["web"], compose["services"]["database"]
    for service in (web, database):
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert not {"privileged", "cap_add", "pid", "ipc", "network_mode"} & service.keys()
    assert database["user"] == "postgres"
    assert "docker.sock" not in json.dumps(compose)


def test_only_the_web_application_reaches_the_database(compose: dict[str, Any]) -> None:
    web, database = compose["services"]["web"], compose["services"]["database"]
    assert compose["networks"]["inside"] == {"internal": True}
    assert database["networks"] == ["inside"]
    assert "ports" not in database
    assert set(web["networks"]) == {"inside", "outside"}


def test_the_server_is_told_of_the_proxy_by_the_image_and_listens_to_this_machine_alone(
    compose: dict[str, Any],
) -> None:
    assert instruction("CMD")[-1].endswith("exec honeyglass serve --behind-proxy")
    web = compose["services"]["web"]
    assert not {"command", "entrypoint"} & web.keys()  # so the image's own command runs
    assert all(port.startswith("127.0.0.1:") for port in web["ports"])


def test_the_proxy_alone_says_where_a_request_comes_from(compose: dict[str, Any]) -> None:
    believed = compose["services"]["web"]["environment"]["FORWARDED_ALLOW_IPS"]
    [outside] = compose["networks"]["outside"]["ipam"]["config"]
    assert believed == outside["gateway"]
    assert "*" not in believed
    network = ip_network(outside["subnet"])
    assert ip_address(believed) in network
    for neighbour in network.hosts():
        is_proxy = str(neighbour) == believed
        assert seen_by_the_server(believed, str(neighbour)) == (VISITOR if is_proxy else str(neighbour))


VISITOR = "192.0.2.7"


def seen_by_the_server(believed: str, sender: str) -> str:
    """Whose request it seems to be that `sender` passes on for somebody at VISITOR who claims another."""
    seen: list[str] = []

    async def app(scope: Any, _receive: Any, _send: Any) -> None:
        seen.append(scope["client"][0])

    headers = [(b"x-forwarded-for", b"198.51.100.1, " + VISITOR.encode())]
    scope: Any = {"type": "http", "scheme": "http", "client": (sender, 1), "headers": headers}
    asyncio.run(ProxyHeadersMiddleware(app, believed)(scope, None, None))  # type: ignore[arg-type]  # neither is used
    return seen[0]


def test_the_web_application_is_not_given_the_superusers_password(compose: dict[str, Any]) -> None:
    url = compose["services"]["web"]["environment"]["HONEYGLASS_DATABASE_URL"]
    assert url.startswith("postgresql://honeyglass:${HONEYGLASS_DATABASE_PASSWORD:?")
    assert "POSTGRES_PASSWORD" not in json.dumps(compose["services"]["web"])
    assert "POSTGRES_USER" not in compose["services"]["database"]["environment"]


@pytest.mark.postgres
def test_the_databases_first_start_makes_a_role_that_owns_its_database_and_nothing_else(
    compose: dict[str, Any],
) -> None:
    script = next(one for one in compose["services"]["database"]["volumes"] if "initdb.d" in one)
    password = 'it\'s $HOME \\ "quoted"'  # what a shell or SQL would stumble over
    with PostgresServer() as server:
        place = make_url(server.url("postgres"))
        env = {
            "PATH": f"{POSTGRES_PROGRAMS}:{os.environ['PATH']}",
            "PGHOST": str(place.query["host"]),
            "HONEYGLASS_DATABASE_PASSWORD": password,
        }
        subprocess.run([ROOT / script.split(":")[0]], env=env, check=True, capture_output=True)
        url = place.set(username="honeyglass", password=password, database="honeyglass")
        migrations.upgrade(url.render_as_string(hide_password=False))
        role = create_engine(url, isolation_level="AUTOCOMMIT")
        with role.connect() as connection:
            assert not any(connection.execute(text(MAY)).one())
            for attempt in FORBIDDEN:
                with pytest.raises(ProgrammingError, match=r"permission denied|must be superuser"):
                    connection.execute(text(attempt))
        role.dispose()
