"""What every command does: a database at the right schema, one JSON line, complaints with status 1."""

import json
from pathlib import Path

import pytest

from app.cli.common import printable
from app.settings import Settings
from app.web import migrations
from tests.cli.conftest import Honeyglass, write_lines, write_questions, write_rows, write_study


def test_migrating_twice_ends_at_the_same_revision(bare: Honeyglass, tmp_path: Path) -> None:
    first, second = bare("migrate", "--new", "--json"), bare("migrate", "--json")
    assert (first.status, second.status) == (0, 0)
    home = str(tmp_path / "home")
    assert first.json == second.json == {"ok": True, "revision": migrations.newest_revision(), "home": home}
    assert (tmp_path / "home/honeyglass.db").is_file()
    assert bare("migrate").out == f"The database is at revision {migrations.newest_revision()}.\n"
    assert bare("study", "list", "--json").json == {"ok": True, "studies": []}


PREVIEW = ("study", "preview", "small")


def commands(folder: Path) -> list[tuple[str | Path, ...]]:
    """Every command that needs a database at this release's schema."""
    return [
        ("questions", "import", write_questions(folder), "--name", "set"),
        ("bundle", "import", write_rows(folder), "--name", "one"),
        ("study", "validate", write_study(folder)),
        ("study", "create", folder / "study.yaml"),
        ("study", "launch", "small"),
        ("study", "pause", "small"),
        ("study", "close", "small"),
        ("study", "list"),
        ("study", "check", "small"),
        ("study", "exclude", "small", "pabc", "--reason", "a test"),
        ("export", "small", "--out", folder / "out.csv"),
        ("simulate", "small"),
    ]


def test_no_command_makes_a_home_that_nobody_asked_for(
    bare: Honeyglass, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In another folder, `./var` is another home, where every study seems to be gone."""
    monkeypatch.delenv("HONEYGLASS_HOME")
    folder = tmp_path / "elsewhere"
    (folder / "var" / "log").mkdir(parents=True)  # such a folder may be another program's, as /var is
    monkeypatch.chdir(folder)
    sentence = (
        f"There is no Honeyglass home at {folder / 'var'}. Set HONEYGLASS_HOME to the folder that is yours, "
        "or make a new one there with: honeyglass migrate --new"
    )
    for command in [*commands(tmp_path), ("migrate",), ("serve",), ("worker",), ("user", "list")]:
        refused = bare(*command)
        assert (refused.status, refused.out, refused.home) == (1, "", ""), command
        assert refused.complaint == f"Error: {sentence}\n"
    assert bare("study", "list", "--json").json == {"ok": False, "error": sentence}
    assert [path.name for path in folder.rglob("*")] == ["var", "log"]


@pytest.mark.parametrize("command", [("migrate", "--new"), ("demo",)])
def test_a_home_is_made_where_it_was_asked_for_and_every_command_says_which_it_uses(
    bare: Honeyglass, tmp_path: Path, command: tuple[str, ...]
) -> None:
    home = f"Home: {tmp_path / 'home'}\n"
    made = bare(*command)
    assert (made.status, made.home) == (0, home)
    assert Settings(home=tmp_path / "home").has_home
    for arguments in (command, ("study", "list"), ("study", "list", "--json")):
        again = bare(*arguments)
        assert (again.status, again.home) == (0, home)


def test_every_command_says_that_the_database_is_to_be_migrated_first(
    bare: Honeyglass, tmp_path: Path
) -> None:
    Settings(home=tmp_path / "home").load_secret()
    for command in [*commands(tmp_path), ("demo",)]:
        answer = bare(*command, "--json")
        assert answer.status == 1, command
        sentence = "The database is not at this release's schema. Run: honeyglass migrate"
        assert answer.json == {"ok": False, "error": sentence}, command
        assert answer.complaint == f"Error: {sentence}\n"
        assert bare(*command).out == ""


@pytest.mark.parametrize("command", ["launch", "pause", "close", "check"])
def test_an_unknown_study_names_those_there_are(honeyglass: Honeyglass, tmp_path: Path, command: str) -> None:
    honeyglass("study", "create", write_study(tmp_path))
    answer = honeyglass("study", command, "smal", "--json")
    assert answer.status == 1
    assert answer.json == {"ok": False, "error": "There is no study 'smal'. Studies: small."}


@pytest.mark.parametrize("command", [("export", "smal", "--out", "out.csv"), ("simulate", "smal")])
def test_the_data_commands_name_the_studies_too(
    launched: Honeyglass, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    answer = launched(*command, "--json")
    assert answer.status == 1
    assert answer.json == {"ok": False, "error": "There is no study 'smal'. Studies: small."}


@pytest.mark.parametrize(
    "url", ["nonsense", "mysql://localhost/x", "sqlite:////proc/none/x.db", "postgresql://127.0.0.1:1/x"]
)
def test_a_database_that_cannot_be_used_is_a_sentence_and_no_trace(
    bare: Honeyglass, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("HONEYGLASS_DATABASE_URL", url)
    for command in (("migrate", "--new"), ("demo",)):
        answer = bare(*command, "--json")
        assert answer.status == 1
        assert answer.json["ok"] is False
        assert answer.complaint.startswith("Error: ")


def test_a_file_that_is_no_database_is_a_sentence_and_no_trace(bare: Honeyglass, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home/honeyglass.db").write_bytes(b"no database at all" * 100)
    answer = bare("study", "list", "--json")
    assert answer.status == 1
    assert "not a database" in answer.json["error"]


def test_a_setting_that_cannot_be_used_is_named(bare: Honeyglass, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HONEYGLASS_PORT", "eighty")
    answer = bare("study", "list", "--json")
    assert answer.status == 1
    assert "HONEYGLASS_PORT" in answer.json["error"].upper()


def test_a_text_with_brackets_is_printed_as_it_is(honeyglass: Honeyglass, tmp_path: Path) -> None:
    answer = honeyglass("study", "create", tmp_path / "[bold]study.yaml")
    assert answer.complaint == f"Error: {tmp_path}/[bold]study.yaml: there is no such file.\n"


def test_what_would_steer_a_terminal_is_printed_as_json_writes_it() -> None:
    assert printable("a\x1b[31m\nb\u202ec\r\ud800é😀\U000e0041") == (
        "a\\u001b[31m\nb\\u202ec\\r\\ud800é😀\\udb40\\udc41"
    )
    assert json.loads(printable(json.dumps({"a": "\U000e0041\u202e"}, ensure_ascii=False))) == {
        "a": "\U000e0041\u202e"
    }


def test_a_hostile_file_cannot_steer_the_terminal_it_is_refused_on(
    honeyglass: Honeyglass, tmp_path: Path
) -> None:
    row = {"id": "q\x1b]0;owned\x07", "question": "Why?", "choices": ["yes", "no"], "answer": "yes"}
    path = write_lines(tmp_path / "evil.jsonl", [row, row])
    answer = honeyglass("questions", "import", path, "--name", "evil")
    assert answer.status == 1
    assert "\x1b" not in answer.complaint
    assert "id 'q\\u001b]0;owned\\u0007' stands in line 1 already" in answer.complaint


@pytest.mark.parametrize(
    "given,meant",
    [
        ({}, "http://127.0.0.1:8000"),
        ({"HOST": "0.0.0.0", "PORT": "8012"}, "http://localhost:8012"),  # noqa: S104  # what images listen on
        ({"HOST": "::"}, "http://localhost:8000"),
        ({"HOST": "::1"}, "http://[::1]:8000"),
        ({"HOST": "0.0.0.0", "PUBLIC_URL": "https://study.example.org/"}, "https://study.example.org"),  # noqa: S104  # as above
        ({"PUBLIC_URL": "http://10.0.0.5:8080"}, "http://10.0.0.5:8080"),
    ],
)
def test_printed_addresses_can_be_opened(
    launched: Honeyglass, monkeypatch: pytest.MonkeyPatch, given: dict[str, str], meant: str
) -> None:
    for name, value in given.items():
        monkeypatch.setenv(f"HONEYGLASS_{name}", value)
    launched("user", "add", "ada@example.org", "--role", "admin")
    hint = "Set HONEYGLASS_PUBLIC_URL to the address under which people open this server.\n"
    expected_hint = hint if meant.startswith("http://localhost") else ""
    for path, command in (("/reset/", ("user", "link", "ada@example.org")), ("/s/small?mode=", PREVIEW)):
        printed = launched(*command, "--json")
        assert printed.json["url"].startswith(f"{meant}{path}")
        assert printed.complaint == expected_hint
    assert f"Take part:        {meant}/s/demo\n" in launched("demo").out


@pytest.mark.parametrize(
    "address",
    [
        *("study.example.org", "ftp://a.org", "https://a.org/path", "https://u:p@a.org", "https://0.0.0.0"),
        *(
            "https://a.org?x",
            "https://a.org#x",
            "javascript:alert(1)",
            "https://a b",
            "https://",
            "http://a:b",
        ),
    ],
)
def test_a_public_address_that_nobody_could_open_is_refused(
    bare: Honeyglass, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setenv("HONEYGLASS_PUBLIC_URL", address)
    refused = bare("study", "list", "--json").json["error"]
    assert (
        refused == "HONEYGLASS_PUBLIC_URL: expected an address like https://study.example.org, without a path"
    )
