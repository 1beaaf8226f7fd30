"""The door: who comes in, who does not, and what nobody learns there."""

from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from app.access import IDLE_LIMIT, Role
from app.accounts import passwords, service
from app.accounts.door import own_path
from app.main import create_app
from app.models import AuditEvent, ResetLink, SignInAttempts, User, UserSession
from app.settings import Settings
from app.web.auth import token_hash
from app.web.db import Database
from tests.factories import PASSWORD, make_api_token, make_user, sign_in

ADA = "ada@example.org"


@pytest.fixture(autouse=True)
def ada(database: Database) -> None:
    with database.transaction(writing=True) as session:
        make_user(session, ADA, "admin")


def sessions(database: Database) -> list[UserSession]:
    with database.transaction() as session:
        return list(session.scalars(select(UserSession)))


def test_signing_in_starts_a_session_whose_cookie_no_script_and_no_other_site_gets(
    web: TestClient, database: Database
) -> None:
    answer = sign_in(web, " Ada@Example.org ")
    assert (answer.status_code, answer.headers["location"]) == (303, "/studies")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Path=/" in cookie
    assert "Secure" not in cookie  # the test speaks plain http
    token = web.cookies["honeyglass"]
    assert [one.token_sha256 for one in sessions(database)] == [token_hash(token)]
    assert web.get("/studies").status_code == 200


def test_over_https_the_cookie_is_secure_and_bound_to_the_host(web: TestClient) -> None:
    web.base_url = web.base_url.copy_with(scheme="https")
    answer = sign_in(web, ADA)
    cookies = answer.headers.get_list("set-cookie")
    assert [one.partition("=")[0] for one in cookies] == ["__Host-honeyglass", "__Host-honeyglass-known"]
    assert "Secure" in answer.headers["set-cookie"]
    assert "max-age=31536000" in answer.headers["strict-transport-security"]
    assert web.get("/studies").status_code == 200
    web.post("/users", data={"email": "bo@example.org", "role": "viewer", "current": PASSWORD})
    notice = web.post("/users/2/role", data={"role": "researcher", "current": PASSWORD})
    forgotten = web.get("/users")
    assert "bo@example.org is now researcher." in forgotten.text
    cookies += [notice.headers["set-cookie"], forgotten.headers["set-cookie"]]
    cookies += [web.post("/sign-out").headers["set-cookie"]]
    for cookie in cookies:  # what the prefix asks for, when it is set and when it is forgotten
        assert cookie.startswith("__Host-")
        assert "; Secure" in cookie
        assert "; Path=/" in cookie
        assert "domain" not in cookie.lower()


@pytest.mark.parametrize(
    "email,password",
    [(ADA, "wrong"), ("nobody@example.org", PASSWORD), (ADA, ""), ("", ""), ("x" * 400, "y")],
)
def test_a_wrong_password_and_no_account_look_alike(
    web: TestClient, database: Database, email: str, password: str
) -> None:
    answer = sign_in(web, email, password)
    assert answer.status_code in {401, 422}
    assert "E-mail address or password is not right." in answer.text
    assert "honeyglass" not in web.cookies
    assert sessions(database) == []


def test_someone_deactivated_or_without_password_cannot_sign_in(web: TestClient, database: Database) -> None:
    with database.transaction(writing=True) as session:
        make_user(session, "gone@example.org").is_active = False
        make_user(session, "new@example.org").password_hash = None
    assert sign_in(web, "gone@example.org").status_code == 401
    assert sign_in(web, "new@example.org").status_code == 401


def test_a_cookie_from_before_signing_in_is_never_used(web: TestClient, database: Database) -> None:
    """Session fixation: an attacker's cookie does not become the victim's session."""
    web.cookies.set("honeyglass", "planted")
    answer = sign_in(web, ADA)
    assert "planted" not in answer.headers["set-cookie"]
    assert token_hash("planted") not in {one.token_sha256 for one in sessions(database)}
    web.cookies.clear()
    assert web.get("/studies", headers={"cookie": "honeyglass=planted"}).status_code == 303


def test_too_many_attempts_are_refused_for_any_account_and_right_ones_do_not_count(web: TestClient) -> None:
    for email in (ADA, "nobody@example.org"):
        answers = [sign_in(web, email, "wrong") for _ in range(9)]
        assert [answer.status_code for answer in answers] == [401] * 8 + [429]
        assert int(answers[-1].headers["retry-after"]) > 0
        assert "Too many attempts" in answers[-1].text
    assert sign_in(web, ADA).status_code == 429


def test_signing_in_forgets_the_failures_before(web: TestClient) -> None:
    for _ in range(2):
        for _ in range(7):
            sign_in(web, ADA, "wrong")
        assert sign_in(web, ADA).status_code == 303


def as_of(database: Database, minutes: int) -> None:
    """Have every count of attempts end so much earlier, as if that time had passed."""
    with database.transaction(writing=True) as session:
        for one in session.scalars(select(SignInAttempts)):
            one.ends_at -= timedelta(minutes=minutes)


def test_whoever_hammers_an_account_does_not_lock_out_its_owners_browser(web: TestClient) -> None:
    sign_in(web, ADA)
    known = web.cookies["honeyglass-known"]
    web.cookies.clear()
    for _ in range(9):
        answer = sign_in(web, ADA, "wrong")
    assert answer.status_code == 429
    assert sign_in(web, ADA).status_code == 429  # the right password from a browser that is not known
    web.cookies.set("honeyglass-known", known)
    assert sign_in(web, ADA).status_code == 303


def test_a_known_browser_is_known_to_its_own_account_alone_and_has_a_limit_too(
    web: TestClient, database: Database
) -> None:
    with database.transaction(writing=True) as session:
        make_user(session, "bo@example.org")
    sign_in(web, ADA)
    answers = [sign_in(web, ADA, "wrong").status_code for _ in range(9)]
    assert answers == [401] * 8 + [429]
    for _ in range(9):
        last = sign_in(web, "bo@example.org", "wrong")
    assert last.status_code == 429
    as_of(database, 16)
    assert sign_in(web, "bo@example.org").status_code == 303


def test_setting_the_password_through_a_link_lifts_the_lock(web: TestClient, database: Database) -> None:
    for _ in range(9):
        last = sign_in(web, ADA, "wrong")
    assert last.status_code == 429
    with database.transaction(writing=True) as session:
        service.make_reset_link(session, session.scalars(select(User)).one(), token_hash("link"))
    chosen = "nine cups of tea"
    assert web.post("/reset/link", data={"password": chosen, "again": chosen}).status_code == 303
    assert sign_in(web, ADA, chosen).status_code == 303
    web.cookies.clear()
    assert sign_in(web, ADA, chosen).status_code == 303  # from another browser as well


def test_attempts_are_counted_for_all_processes_and_over_restarts(
    web: TestClient, database: Database, settings: Settings
) -> None:
    for _ in range(4):
        sign_in(web, ADA, "wrong")
    with TestClient(create_app(settings, database), follow_redirects=False) as other:
        answers = [sign_in(other, ADA, "wrong").status_code for _ in range(5)]
    assert answers == [401] * 4 + [429]
    as_of(database, 16)
    assert sign_in(web, ADA).status_code == 303


def test_what_is_typed_as_address_is_kept_nowhere_unless_it_is_an_account(
    web: TestClient, database: Database
) -> None:
    for typed in ("My-secret.password1", "nobody@example.org"):
        sign_in(web, typed, "wrong")
    sign_in(web, ADA, "wrong")
    with database.transaction() as session:
        failed = session.scalars(select(AuditEvent).where(AuditEvent.action == "sign_in.failed")).all()
        counted = session.scalars(select(SignInAttempts.name)).all()
    assert [event.subject for event in failed] == ["no such account", "no such account", ADA]
    everything = str([(event.actor, event.subject, event.before, event.after) for event in failed]) + str(
        counted
    )
    assert "secret" not in everything
    assert "nobody@" not in everything


def test_a_reset_ends_every_session_and_token(web: TestClient, database: Database) -> None:
    sign_in(web, ADA)
    with database.transaction(writing=True) as session:
        user = session.scalars(select(User)).one()
        token = make_api_token(session, user)
        service.make_reset_link(session, user, token_hash("link"))
    web.post("/reset/link", data={"password": "nine cups of tea", "again": "nine cups of tea"})
    assert sessions(database) == []
    bearer = {"authorization": f"Bearer {token}"}
    assert web.get("/api/v1/studies", headers=bearer).status_code == 401


def test_a_new_sign_in_ends_the_old_session_of_that_browser(web: TestClient, database: Database) -> None:
    sign_in(web, ADA)
    first = sessions(database)[0].token_sha256
    sign_in(web, ADA)
    assert len(sessions(database)) == 1
    assert sessions(database)[0].token_sha256 != first


def test_a_session_that_nobody_uses_ends_and_one_in_use_is_noted_every_few_minutes(
    web: TestClient, database: Database
) -> None:
    sign_in(web, ADA)

    def seen(ago: timedelta) -> datetime:
        with database.transaction(writing=True) as session:
            one = session.scalars(select(UserSession)).one()
            one.last_seen_at = then = datetime.now(UTC) - ago
        return then

    then = seen(timedelta(minutes=3))
    web.get("/studies")
    assert sessions(database)[0].last_seen_at == then  # not every page writes
    then = seen(timedelta(minutes=6))
    web.get("/studies", headers={"hx-request": "true"})
    assert sessions(database)[0].last_seen_at == then  # a page that asks by itself is nobody's use
    web.get("/studies")
    assert sessions(database)[0].last_seen_at > then + timedelta(minutes=5)
    seen(IDLE_LIMIT)
    assert web.get("/studies").status_code == 303


def test_whose_password_somebody_else_has_seen_can_do_nothing_before_choosing_one(
    web: TestClient, database: Database
) -> None:
    with database.transaction(writing=True) as session:
        user = session.scalars(select(User)).one()
        user.must_change_password = True
        token = make_api_token(session, user)
    sign_in(web, ADA)
    for path in ("/studies", "/users", "/account", "/account/second-factor"):
        assert web.get(path).headers["location"] == "/account/new-password", path
    assert web.post("/users", data={"email": "x@y.z", "role": "admin"}).status_code == 403
    refused = web.get("/api/v1/studies", headers={"authorization": f"Bearer {token}"})
    assert refused.status_code == 403
    fields = {"current": PASSWORD, "password": PASSWORD, "again": PASSWORD}
    assert "choose another" in web.post("/account/password", data=fields).text
    chosen = "nine cups of tea"
    done = web.post("/account/password", data={"current": PASSWORD, "password": chosen, "again": chosen})
    assert done.headers["location"] == "/studies"
    assert web.get("/studies").status_code == 200


@pytest.mark.parametrize(
    "asked,role,leads", [("admins", "admin", True), ("admins", "viewer", False), ("everyone", "viewer", True)]
)
def test_who_must_have_a_second_factor_is_led_to_it_and_can_do_nothing_else(
    database: Database, settings: Settings, asked: str, role: Role, *, leads: bool
) -> None:
    with database.transaction(writing=True) as session:
        make_user(session, "bo@example.org", role)
    strict = settings.model_copy(update={"require_second_factor": asked})
    with TestClient(create_app(strict, database), follow_redirects=False) as web:
        sign_in(web, "bo@example.org")
        answer = web.get("/studies")
        assert (answer.status_code == 303) == leads
        if not leads:
            return
        assert answer.headers["location"] == "/account/second-factor"
        assert web.post("/account/tokens", data={}).status_code == 403
        page = web.get("/account/second-factor").text
        seed, ticket = page.split("<code>")[1].split("<")[0], page.split('"ticket" value="')[1].split('"')[0]
        fields = {"ticket": ticket, "new_code": pyotp.TOTP(seed).now(), "current": PASSWORD}
        assert web.post("/account/second-factor", data=fields).status_code == 303
        assert web.get("/studies").status_code == 200
        off = web.post("/account/second-factor/off", data={"current": PASSWORD, "code": ""})
        assert off.status_code == 409


def test_signing_out_ends_the_session_on_the_server_too(web: TestClient, database: Database) -> None:
    sign_in(web, ADA)
    token = web.cookies["honeyglass"]
    assert web.post("/sign-out").headers["location"] == "/sign-in"
    assert "honeyglass" not in web.cookies
    assert sessions(database) == []
    assert web.get("/studies", headers={"cookie": f"honeyglass={token}"}).status_code == 303


def test_a_session_ends_by_itself(web: TestClient, database: Database) -> None:
    sign_in(web, ADA)
    with database.transaction(writing=True) as session:
        session.scalars(select(UserSession)).one().expires_at = datetime.now(UTC) - timedelta(seconds=1)
    assert web.get("/studies").status_code == 303


def test_whoever_is_not_signed_in_is_led_to_the_door_and_back(web: TestClient) -> None:
    answer = web.get("/audit?words=a&page=2")
    assert answer.headers["location"] == "/sign-in?next=%2Faudit%3Fwords%3Da%26page%3D2"
    page = web.get(answer.headers["location"])
    assert 'value="/audit?words=a&amp;page=2"' in page.text
    done = web.post("/sign-in", data={"email": ADA, "password": PASSWORD, "next": "/audit?words=a"})
    assert done.headers["location"] == "/audit?words=a"
    assert web.get("/sign-in").headers["location"] == "/studies"


def test_whoever_is_signed_out_while_sending_learns_how_to_keep_it(web: TestClient) -> None:
    answer = web.post("/studies/new", data={"definition": "slug: <precious>", "password": "secret"})
    assert answer.status_code == 401
    assert "slug: &lt;precious&gt;" in answer.text
    assert 'href="/sign-in"' in answer.text
    assert "secret" not in answer.text


@pytest.mark.parametrize(
    "path", ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:alert(1)", "", "/a\nb"]
)
def test_the_way_back_never_leads_to_another_site(path: str) -> None:
    assert own_path(path) == "/studies"
    assert own_path("/studies/a?b=c") == "/studies/a?b=c"


def test_the_second_factor_is_asked_for_and_each_code_works_once(web: TestClient, database: Database) -> None:
    secret = pyotp.random_base32()
    with database.transaction(writing=True) as session:
        session.scalars(select(User)).one().totp_secret = secret
    asked = sign_in(web, ADA)
    assert asked.status_code == 200
    assert "honeyglass" not in web.cookies
    ticket = asked.text.split('name="ticket" value="')[1].split('"')[0]
    wrong = web.post("/sign-in/code", data={"ticket": ticket, "code": "000000"})
    assert wrong.status_code == 401
    code = pyotp.TOTP(secret).now()
    done = web.post("/sign-in/code", data={"ticket": ticket, "code": f" {code[:3]} {code[3:]}"})
    assert done.status_code == 303
    web.cookies.clear()
    assert web.post("/sign-in/code", data={"ticket": ticket, "code": code}).status_code == 401
    assert "honeyglass" not in web.cookies


def test_a_ticket_is_worth_nothing_once_the_password_was_changed(web: TestClient, database: Database) -> None:
    secret = pyotp.random_base32()
    with database.transaction(writing=True) as session:
        session.scalars(select(User)).one().totp_secret = secret
    ticket = sign_in(web, ADA).text.split('name="ticket" value="')[1].split('"')[0]
    with database.transaction(writing=True) as session:
        session.scalars(select(User)).one().password_hash = "another"
    answer = web.post("/sign-in/code", data={"ticket": ticket, "code": pyotp.TOTP(secret).now()})
    assert answer.status_code == 401
    forged = web.post("/sign-in/code", data={"ticket": f"x{ticket}", "code": pyotp.TOTP(secret).now()})
    assert "took too long" in forged.text


def test_a_one_time_link_sets_a_password_once(web: TestClient, database: Database) -> None:
    sign_in(web, ADA)
    page = web.post("/users", data={"email": "bo@example.org", "role": "viewer", "current": PASSWORD})
    assert page.status_code == 200
    link = page.text.split('id="link">')[1].split("<")[0]
    web.cookies.clear()
    path = link.removeprefix("http://testserver")
    assert "bo@example.org" in web.get(path).text
    short = web.post(path, data={"password": "short", "again": "short"})
    assert (short.status_code, "at least 15" in short.text) == (422, True)
    differing = web.post(path, data={"password": "a long enough one", "again": "quite another one"})
    assert "differ" in differing.text
    chosen = "nine cups of tea"
    assert web.post(path, data={"password": chosen, "again": chosen}).headers["location"] == "/sign-in"
    assert web.post(path, data={"password": "a" * 12, "again": "a" * 12}).status_code == 404
    assert sign_in(web, "bo@example.org", chosen).status_code == 303
    with database.transaction() as session:
        assert session.scalars(select(ResetLink)).all() == []


def test_an_expired_or_replaced_link_is_refused(web: TestClient, database: Database) -> None:
    sign_in(web, ADA)
    web.post("/users", data={"email": "bo@example.org", "role": "viewer", "current": PASSWORD})
    with database.transaction() as session:
        bo = session.scalars(select(User.id).where(User.email == "bo@example.org")).one()
    first, second = (
        web.post(f"/users/{bo}/reset-link", data={"current": PASSWORD})
        .text.split('id="link">')[1]
        .split("<")[0]
        for _ in range(2)
    )
    assert web.get(first.removeprefix("http://testserver")).status_code == 404
    with database.transaction(writing=True) as session:
        session.scalars(select(ResetLink)).one().expires_at = datetime.now(UTC)
    assert web.get(second.removeprefix("http://testserver")).status_code == 404


def test_the_door_is_in_the_audit_log_and_no_secret_is(web: TestClient, database: Database) -> None:
    sign_in(web, ADA, "wrong")
    sign_in(web, ADA)
    web.post("/sign-out")
    with database.transaction() as session:
        events = list(session.scalars(select(AuditEvent).order_by(AuditEvent.id)))
    assert [event.action for event in events] == ["user.created", "sign_in.failed", "sign_in", "sign_out"]
    assert [event.actor for event in events] == ["command line", "not signed in", ADA, ADA]
    assert events[0].after["password_hash"] == "(new secret)"
    assert "argon2" not in str([(event.before, event.after) for event in events])


def test_a_password_is_read_to_its_end() -> None:
    longest = "correct horse battery staple " * 6 + "and so on and on and on and on"
    longest = longest[: passwords.LONGEST].ljust(passwords.LONGEST, "z")
    stored = passwords.hasher.hash(longest)
    assert passwords.is_right(longest, stored)
    assert not passwords.is_right(longest + "more", stored)
