"""Accounts in Chromium: the first sign-in, a second factor, signing out everywhere, other people's."""

from typing import Any

import pyotp
import pytest
from playwright.sync_api import expect

from tests.browser.conftest import DESKTOP, PHONE, NewContext
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


@pytest.mark.parametrize("device", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_an_admin_adds_and_changes_people_with_a_password_and_without_a_script(
    server: DemoServer, new_context: NewContext, device: dict[str, Any]
) -> None:
    width = device["viewport"]["width"]
    page = new_context(**device, java_script_enabled=False).new_page()
    admin, newcomer = f"admin-{width}@example.org", f"new-{width}@example.org"
    sign_in(page, server, admin, "admin")
    page.goto(f"{server.address}/users")
    page.get_by_label("E-mail", exact=True).fill(admin)
    page.get_by_label("Role", exact=True).select_option("viewer")
    page.get_by_role("button", name="Add and make a link").click()
    expect(page.get_by_text(f"There is an account for '{admin}' already.")).to_be_visible()
    expect(page.get_by_label("E-mail", exact=True)).to_have_value(admin)
    expect(page.get_by_label("Role", exact=True)).to_have_value("viewer")
    page.get_by_label("E-mail", exact=True).fill(newcomer)
    page.get_by_role("button", name="Add and make a link").click()
    for password in ("wrong", OWN_PASSWORD):
        expect(page.get_by_role("heading", name="Please prove who you are")).to_be_visible()
        expect(page.get_by_text(f"{newcomer} gets an account as viewer")).to_be_visible()
        page.get_by_label("Your password now").fill(password)
        page.get_by_role("button", name="Add and make the link").click()
    expect(page.locator("#link")).to_contain_text("/reset/")

    page.get_by_label(f"Role of {newcomer}").select_option("researcher")
    page.get_by_role("row", name=newcomer).get_by_role("button", name="Change").click()
    page.get_by_role("link", name="Cancel").click()
    expect(page.get_by_label(f"Role of {newcomer}")).to_have_value("viewer")
    page.get_by_role("row", name=newcomer).get_by_role("button", name="Deactivate").click()
    page.get_by_label("Your password now").fill(OWN_PASSWORD)
    page.get_by_label("Your password now").press("Enter")
    expect(page.get_by_role("status")).to_contain_text("may not sign in")
