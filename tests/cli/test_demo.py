from tests.cli.conftest import Honeyglass


def test_the_demo_is_set_up_once_and_is_ready_to_rate(honeyglass: Honeyglass) -> None:
    first, second = honeyglass("demo", "--json"), honeyglass("demo", "--json")
    assert (first.status, second.status) == (0, 0)
    assert len(first.json["password"]) >= 16  # the first admin's, made and told this once
    assert second.json == {
        "ok": True,
        "slug": "demo",
        "url": "http://127.0.0.1:8000/s/demo",
        "password": None,
    }
    [admin] = honeyglass("user", "list", "--json").json["users"]
    assert (admin["email"], admin["role"]) == ("admin@localhost", "admin")
    [study] = honeyglass("study", "list", "--json").json["studies"]
    assert (study["slug"], study["status"], study["version"]) == ("demo", "live", 1)
    assert honeyglass("study", "check", "demo").status == 0
    honeyglass("study", "close", "demo")
    assert honeyglass("demo").status == 0
    assert "http://127.0.0.1:8000/s/demo" in honeyglass("demo").out
