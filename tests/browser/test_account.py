"""One's own account in Chromium: the first sign-in, a second factor, signing out everywhere."""

import pyotp
import pytest
from playwright.sync_api import expect

from tests.browser.conftest import DESKTOP, NewContext
from tests.browser.demo_server import DemoServer
from tests.browser.test_researcher import OWN_PASSWORD, sign_in

pytestmark = pytest.mark.browser


def test_the_first_sign_in_asks_for_a_password_of_ones_own_and_opens_nothing_before(
    server: DemoServer, new_context: NewContext
) -> None:
    page = new_context(**DESKTOP).new_page()
    first = server.add_user("fay@example.org", "researcher")
    page.goto(f"{server.address}/sign-in")
    page.get_by_label("E-mail").fill("fay@example.org")
    page.get_by_label("Password").fill(first)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Choose a password")).to_be_visible()
    page.goto(f"{server.address}/bundles")
    expect(page.get_by_role("heading", name="Choose a password")).to_be_visible()
    for chosen, complaint in (("Honeyglass-2026!", "too easy to guess"), (first, "choose another")):
        page.get_by_label("The password you signed in with").fill(first)
        page.get_by_label("New password").fill(chosen)
        page.get_by_label("The same again").fill(chosen)
        page.get_by_role("button", name="Set password").click()
        expect(page.get_by_text(complaint)).to_be_visible()
    page.get_by_label("The password you signed in with").fill(first)
    page.get_by_label("New password").fill(OWN_PASSWORD)
    page.get_by_label("The same again").fill(OWN_PASSWORD)
    page.get_by_role("button", name="Set password").click()
    expect(page.get_by_role("heading", name="Studies")).to_be_visible()


def test_a_second_factor_is_set_up_with_the_password_and_everybody_is_signed_out_at_once(
    server: DemoServer, new_context: NewContext
) -> None:
    page = new_context(**DESKTOP).new_page()
    page.on("dialog", lambda dialog: dialog.accept())
    sign_in(page, server, "una@example.org")
    page.get_by_role("link", name="una@example.org").click()
    page.get_by_role("link", name="Set up a second factor").click()
    seed = page.locator("#main code").inner_text()
    for password in ("wrong", OWN_PASSWORD):
        page.get_by_label("Code for the new key").fill(pyotp.TOTP(seed).now())
        page.get_by_label("Your password now").fill(password)
        page.get_by_role("button", name="Turn it on").click()
        if password == "wrong":
            expect(page.get_by_text("This is not your password.")).to_be_visible()
    expect(page.get_by_role("status")).to_contain_text("asks for a code")
    [(stored,)] = server.query('SELECT totp_secret FROM "user" WHERE email = ?', "una@example.org")
    assert seed not in stored

    page.get_by_role("button", name="Sign out everywhere").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert (
        server.query(
            'SELECT s.id FROM user_session s JOIN "user" u ON u.id = s.user_id WHERE email = ?',
            "una@example.org",
        )
        == []
    )
    page.get_by_label("E-mail").fill("una@example.org")
    page.get_by_label("Password").fill(OWN_PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Your code")).to_be_visible()
