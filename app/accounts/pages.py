"""Pages of accounts: signing in, one's own account, people, the audit log."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from markupsafe import Markup

from app.models import ApiToken, AuditEvent, User, UserSession
from app.paging import Paged
from app.web.pages import Page
from app.web.shell import ShellPage

AccountForm = Literal["password", "off", "token"]


@dataclass(frozen=True, kw_only=True)
class SignInPage(Page):
    template = "accounts/sign_in.html"
    email: str = ""
    next_path: str = ""
    problem: str = ""


@dataclass(frozen=True, kw_only=True)
class CodePage(Page):
    """The second step, for an account with a second factor. `ticket` says whose password was right."""

    template = "accounts/code.html"
    ticket: str
    next_path: str
    problem: str = ""


@dataclass(frozen=True, kw_only=True)
class ResetPage(Page):
    """Sets a password from a one-time link."""

    template = "accounts/reset.html"
    email: str
    shortest: int
    problem: str = ""


@dataclass(frozen=True, kw_only=True)
class NewPasswordPage(Page):
    """Asks for a password of one's own at the first sign-in."""

    template = "accounts/new_password.html"
    email: str
    shortest: int
    errors: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class NewToken:
    name: str
    token: str


@dataclass(frozen=True, kw_only=True)
class AccountPage(ShellPage):
    template = "accounts/account.html"
    sessions: Sequence[UserSession]
    here: int
    tokens: Sequence[ApiToken]
    scopes: Sequence[str]
    longest_days: int
    shortest: int
    has_second_factor: bool
    needs_second_factor: bool
    new_token: NewToken | None = None
    form: AccountForm | None = None
    data: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class SecondFactorPage(ShellPage):
    template = "accounts/second_factor.html"
    secret: str
    ticket: str
    qr_code: Markup
    has_second_factor: bool
    is_required: bool
    errors: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class UsersPage(ShellPage):
    template = "accounts/users.html"
    users: Sequence[User]
    roles: Sequence[str]
    me: int
    link: str = ""
    link_for: str = ""
    problem: str = ""
    data: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class ProvePage(ShellPage):
    """Says what a form will do, and asks who sends it: `fields` go to `action` again, with the proof."""

    template = "accounts/prove.html"
    action: str
    sentence: str
    button: str
    fields: Mapping[str, str]
    has_second_factor: bool
    errors: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class AuditPage(ShellPage):
    template = "accounts/audit.html"
    events: Paged[AuditEvent]
    words: str
    path: str
