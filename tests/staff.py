"""A signed-in researcher in a browser without a window, and what is shown to them."""

import html
import re
from typing import Any

from fastapi.testclient import TestClient
from httpx2 import Response

from app.access import Role, own
from app.models import Study
from app.web.auth import person_of
from app.web.db import Database
from tests.factories import make_api_token, make_study, make_user, sign_in

ADA = "ada@example.org"


def become(web: TestClient, database: Database, email: str = ADA, role: Role = "researcher") -> None:
    """Make an account and sign in with it."""
    with database.transaction(writing=True) as session:
        make_user(session, email, role)
    web.cookies.clear()
    assert sign_in(web, email).status_code == 303


def become_owner(web: TestClient, database: Database, **changes: Any) -> None:
    """Sign in as the owner of the small study."""
    with database.transaction(writing=True) as session:
        user = make_user(session, ADA)
        study: Study = make_study(session, **changes)
        own(session, person_of(user), study)
    web.cookies.clear()
    assert sign_in(web, ADA).status_code == 303


def bearer(database: Database, email: str = ADA, role: Role = "researcher") -> dict[str, str]:
    """The header of a new account's token for everything."""
    with database.transaction(writing=True) as session:
        return {"authorization": f"Bearer {make_api_token(session, make_user(session, email, role))}"}


def text_of(answer: Response) -> str:
    """The words of a page, without its tags."""
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", " ", answer.text)))
