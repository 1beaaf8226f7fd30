"""A sample of every page of accounts, with hostile words wherever somebody's words may stand."""

from typing import Any

from markupsafe import Markup

from app.accounts import pages as accounts
from app.models import ApiToken, AuditEvent, User, UserSession
from app.web.pages import Page
from tests.web.hostile import FORM, HOSTILE, NOW, SHELL, second_page

USER = User(id=2, email=HOSTILE, role="viewer", is_active=True, totp_secret="x", created_at=NOW)
SESSION = UserSession(
    id=1, user_agent=HOSTILE, address="::1", created_at=NOW, last_seen_at=NOW, expires_at=NOW
)
TOKEN = ApiToken(id=1, name=HOSTILE, scopes=["studies:read"], created_at=NOW, expires_at=NOW)
EVENT = AuditEvent(
    at=NOW,
    actor=HOSTILE,
    address="",
    action="a",
    subject=HOSTILE,
    before={"a": HOSTILE},
    after={"b": HOSTILE},
)

ACCOUNT_PAGES: dict[type[Page], dict[str, Any]] = {
    accounts.SignInPage: {"email": HOSTILE, "next_path": HOSTILE, "problem": HOSTILE},
    accounts.CodePage: {"ticket": HOSTILE, "next_path": "/", "problem": HOSTILE},
    accounts.ResetPage: {"email": HOSTILE, "shortest": 15, "problem": HOSTILE},
    accounts.NewPasswordPage: {"email": HOSTILE, "shortest": 15, "errors": {"current": HOSTILE}},
    accounts.AccountPage: {
        "shell": SHELL,
        "sessions": [SESSION],
        "here": 0,
        "tokens": [TOKEN],
        "scopes": ["studies:read"],
        "longest_days": 90,
        "shortest": 12,
        "has_second_factor": True,
        "needs_second_factor": False,
        "form": "token",
        "new_token": accounts.NewToken(HOSTILE, HOSTILE),
        **FORM,
    },
    accounts.SecondFactorPage: {
        "shell": SHELL,
        "secret": HOSTILE,
        "ticket": HOSTILE,
        "qr_code": Markup("<svg></svg>"),
        "has_second_factor": True,
        "is_required": True,
        "errors": {"new_code": HOSTILE, "current": HOSTILE, "code": HOSTILE},
    },
    accounts.UsersPage: {
        "shell": SHELL,
        "users": [USER],
        "roles": ("viewer", "admin"),
        "me": 1,
        "link": HOSTILE,
        "link_for": HOSTILE,
        "problem": HOSTILE,
        "data": {"email": HOSTILE, "role": "viewer"},
        "errors": {"email": HOSTILE},
    },
    accounts.ProvePage: {
        "shell": SHELL,
        "action": f"/users/1/{HOSTILE}",
        "sentence": HOSTILE,
        "button": HOSTILE,
        "fields": {"role": HOSTILE},
        "has_second_factor": True,
        "errors": {"current": HOSTILE, "code": HOSTILE},
    },
    accounts.AuditPage: {"shell": SHELL, "events": second_page(EVENT), "words": HOSTILE, "path": "/audit?"},
}
