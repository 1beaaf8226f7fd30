import logging
from secrets import token_urlsafe
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient

from app.studies.service import save_draft
from app.web.db import Database
from app.web.security import headers_for
from tests.factories import make_definition, make_study
from tests.staff import become
from tests.walker import Walker

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture(autouse=True)
def study(database: Database) -> None:
    with database.transaction(writing=True) as session:
        make_study(session)


def test_every_participant_answer_carries_the_headers_that_leak_and_keep_nothing(web: TestClient) -> None:
    walker = Walker(web)
    walker.start()
    walker.prepare()
    answers = [
        web.get("/s/small"),
        web.get("/s/none"),
        web.get(f"/p/{walker.code}"),
        walker.look(),
        web.post(walker.path, data={}),
        web.get("/p/unknown"),
    ]
    for answer in answers:
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["cache-control"] == "no-store"
        assert "noindex" in answer.headers["x-robots-tag"]
        assert answer.headers["content-security-policy"].startswith("default-src 'self'")
        assert "server" not in answer.headers


def test_pages_name_no_address_but_their_own(web: TestClient) -> None:
    walker = Walker(web)
    walker.start()
    walker.prepare()
    assert "http://" not in walker.look().text
    assert "https://" not in walker.look().text


def test_the_access_log_holds_no_codes_and_no_query_strings(
    web: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="honeyglass.access"):
        walker = Walker(web, query={"PROLIFIC_PID": "secret-id"})
        code = walker.start()
        walker.answer()
    lines = [record.getMessage() for record in caplog.records if record.name == "honeyglass.access"]
    assert any(line.startswith("GET /s/small 200") for line in lines)
    assert any(line.startswith("POST /p/*/consent 303") for line in lines)
    assert not any(code in line or "secret-id" in line for line in lines)


WRITTEN = (
    *(
        "/p/{}",
        "//p/{}",
        "/P/{}",
        "/p//{}",
        "/s/../p/{}",
        "/p/./{}",
        "/s/%2e%2e/%70/{}",
        "/%2570/{}",
        "/p%2f{}",
    ),
    *(
        "/RESET/{}",
        "//reset/{}",
        "/\\p\\{}",
        "/{}",
        "/s/{}",
        "/p /{}",
        "/p/{}/rate/1",
        "/x%00/p/{}",
    ),
)


@pytest.mark.parametrize("written", WRITTEN)
def test_no_way_to_write_an_address_puts_a_code_into_the_log(
    web: TestClient, caplog: pytest.LogCaptureFixture, written: str
) -> None:
    code = "Zx9-secret_code_of_22l"
    with caplog.at_level(logging.INFO, logger="honeyglass.access"):
        web.get(written.replace("{}", code))
        web.get(written.replace("{}", quote(quote("%" + code))))
        web.post(written.replace("{}", code))
    lines = [record.getMessage() for record in caplog.records if record.name == "honeyglass.access"]
    assert len(lines) == 3
    assert not [line for line in lines if "secret_code" in line]


SHOWN = "a-study-with-a-very-long-slug"


@pytest.mark.parametrize(
    "method, path, headers, status",
    [
        ("GET", "/studies/{}", {}, 303),
        ("GET", "/bundles/{}", {}, 303),
        ("GET", "/studies/{}/results/report.zip", {}, 303),
        ("GET", "/api/v1/studies/{}", {}, 401),
        ("POST", "/x/{}", {"sec-fetch-site": "cross-site"}, 403),
        ("POST", "/studies/{}/launch", {"sec-fetch-site": "cross-site"}, 403),
        ("PUT", "/studies/{}", {}, 405),
        ("GET", "/none/{}", {}, 404),
    ],
)
def test_a_code_pasted_into_any_address_is_not_logged_however_that_is_answered(
    web: TestClient,
    caplog: pytest.LogCaptureFixture,
    method: str,
    path: str,
    headers: dict[str, str],
    status: int,
) -> None:
    codes = (token_urlsafe(16), token_urlsafe(32))
    with caplog.at_level(logging.INFO, logger="honeyglass.access"):
        for code in codes:
            asked = web.request(method, path.format(code), headers=headers, follow_redirects=False)
            assert asked.status_code == status
    lines = [record.getMessage() for record in caplog.records if record.name == "honeyglass.access"]
    assert [line.split(" ")[:3] for line in lines] == [[method, path.format("*"), str(status)]] * 2


def test_a_long_slug_is_logged_where_its_page_was_shown(
    web: TestClient, database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    with database.transaction(writing=True) as session:
        save_draft(session, make_definition(slug=SHOWN))
    become(web, database, role="admin")
    with caplog.at_level(logging.INFO, logger="honeyglass.access"):
        assert web.get(f"/studies/{SHOWN}").status_code == 200
    [line] = [record.getMessage() for record in caplog.records if record.name == "honeyglass.access"]
    assert line.startswith(f"GET /studies/{SHOWN} 200")


def test_an_address_cannot_forge_a_line_of_the_log_or_steer_a_terminal(
    web: TestClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, logger="honeyglass.access"):
        web.get("/s/a%0a2026-11-26 INFO honeyglass: forged%1b[2J%7f%c2%9b%e2%80%ae")
    [line] = [record.getMessage() for record in caplog.records if record.name == "honeyglass.access"]
    assert line.isprintable()
    assert "\\n2026" in line


def test_a_body_that_is_too_large_is_refused_and_nothing_is_lost(web: TestClient) -> None:
    walker = Walker(web)
    walker.start()
    assert web.post(walker.path, content=b"consent=" + b"y" * 300_000).status_code == 413
    form = {"content-type": "application/x-www-form-urlencoded"}
    chunks = iter([b"consent=yes&x="] + [b"y" * 100_000] * 4)  # without a length in advance
    assert web.post(walker.path, content=chunks, headers=form).status_code == 413
    walker.look()
    assert walker.place == "consent"


def test_assets_are_cached_for_ever_and_addressed_by_content(web: TestClient) -> None:
    page = web.get("/s/small").text
    address = page.split('rel="stylesheet" href="')[1].split('"')[0]
    assert "?v=" in address
    answer = web.get(address)
    assert answer.status_code == 200
    assert "immutable" in answer.headers["cache-control"]


def test_unknown_pages_and_methods_are_pages_with_words_and_no_trace(web: TestClient) -> None:
    for path in (
        "/unknown",
        "/p/unknown",
        "/p/unknown/rate/1",
        "/s/unknown",
        "/p/x/rate/not-a-number",
        "/static/../app/main.py",
    ):
        answer = web.get(path)
        assert answer.status_code == 404, path
        assert answer.headers["content-type"].startswith("text/html")
        assert "Traceback" not in answer.text
    assert web.post("/p/unknown/rate/not-a-number", data={}).status_code == 404
    assert web.delete("/s/small").status_code == 405


def test_a_studys_report_runs_nothing_and_stands_in_no_other_page() -> None:
    policy = headers_for("/studies/small/results/report", 200, "https")["Content-Security-Policy"].split("; ")
    assert {"default-src 'none'", "sandbox", "base-uri 'none'", "frame-ancestors 'none'"} <= set(policy)
