"""The published study's design in small: its four conditions, five constructs and five questions."""

from typing import Any

from fastapi.testclient import TestClient

from app.web.db import Database
from tests.factories import make_condition, make_study
from tests.walker import Walker

LABELS = {
    "cf": "CF:Unrevised",
    "mt": "MT:Unrevised",
    "both": "MT+CF:Unrevised",
    "revised": "MT+CF:Revised",
}
MODELS = {
    "cf": "CF:PosRationales",
    "mt": "MT:PosRationales",
    "both": "MT+CF:PosRationales",
    "revised": "MT+CF:RevRationales",
}
# In another order than the published file's columns: an export that trusts the order is caught.
CONSTRUCTS = ("plausibility", "understandability", "completeness", "satisfaction", "contrastiveness")
QUESTIONS = {
    "age": ["25 to 29 years old", "65 years or older"],
    "gender": ["male", "female", "diverse"],
    "employement": ["Employee", "Other"],
    "country": ["United Kingdom", "United States"],
    "education": ["Other degree", "General Certificate, secondary school-leaving certificate"],
}
ANSWERS = {
    "age": "65 years or older",
    "gender": "female",
    "employement": "Other",
    "country": "United States",
    "education": "General Certificate, secondary school-leaving certificate",
}


def constructs(*keys: str, scale: str = "agreement") -> list[dict[str, str]]:
    return [{"key": key, "statement": f"It has {key}.", "scale": scale} for key in keys]


def questions(*keys: str) -> list[dict[str, Any]]:
    return [{"key": key, "text": f"Your {key}", "options": QUESTIONS[key]} for key in keys]


def published(**changes: Any) -> dict[str, Any]:
    """What to change in the factories' small study to make it the published one."""
    return {
        "conditions": [{**make_condition(key), "label": label} for key, label in LABELS.items()],
        "questions": {"set": "set", "draw": {"count": 12, "seed": 1}},
        "design": {"items_per_condition": 3},
        "constructs": constructs(*CONSTRUCTS),
        "questionnaire": questions(*QUESTIONS),
        **changes,
    }


def set_up(database: Database, **changes: Any) -> None:
    with database.transaction(writing=True) as session:
        make_study(session, in_set=12, **published(**changes))


def take(web: TestClient, *, items: int | None = None, shift: int = 0, answers: bool = True) -> str:
    """Take the study in a browser of one's own, up to `items` items or to the end; the code.

    Answered are the second option of each question, or none of them.
    """
    web.cookies.clear()
    walker, rated = Walker(web), 0
    code = walker.start()
    walker.prepare()
    while walker.place != "done" and rated != items:
        if walker.place == "questionnaire":
            sent = {f"answer_{number}": "2" for number in range(1, 6)} if answers else {}
        else:
            rated += 1
            sent = {f"rating_{n}": str((rated + n * n + shift) % 5 + 1) for n in range(1, 6)}
        answer = walker.send(**sent)
        assert answer.status_code == 303, answer.text
    return code
