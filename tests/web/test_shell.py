from fastapi.testclient import TestClient

from app.web.db import Database
from tests.staff import become, text_of


def test_a_notice_is_shown_once_and_always_fits_into_its_cookie(web: TestClient, database: Database) -> None:
    become(web, database)
    key = "ключ" * 100
    line = f'{{"id": "a", "question": "Why?", "choices": ["yes", "no"], "answer": "yes", "{key}": 1}}\n'
    file = {"file": ("q.jsonl", line.encode())}
    done = web.post("/question-sets", files=file, data={"name": "set", "format": "cqa"})
    assert done.status_code == 303
    assert len(done.headers["set-cookie"]) < 4096
    assert "Imported 1 questions as 'set'" in text_of(web.get("/question-sets"))
    assert "Imported 1 questions" not in text_of(web.get("/question-sets"))
