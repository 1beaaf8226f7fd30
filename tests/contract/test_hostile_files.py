"""Files made to do harm: refused in a sentence before they cost anything, or read as plain text."""

import gzip
import json
import lzma
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.contract.base import InvalidFile
from app.contract.bundle import EXPLANATIONS, MANIFEST, BundleManifest, BundleRow, read_bundle, write_bundle
from app.contract.question_set import read_question_set

ROW: dict[str, Any] = {
    "question_id": "q1",
    "question": "Where?",
    "choices": ["here", "there"],
    "correct_answer": "here",
    "predicted_answer": "there",
    "explanation": "Because.",
}
MIB = 1024 * 1024
PACKERS: dict[str, Callable[..., Any]] = {
    "rows.jsonl": open,
    "rows.jsonl.gz": gzip.open,
    "rows.jsonl.xz": lzma.open,
}


def line(**changes: Any) -> bytes:
    return json.dumps(ROW | changes).encode() + b"\n"


def make_folder(folder: Path) -> Path:
    write_bundle(folder, BundleManifest(name="mt"), [BundleRow.model_validate(ROW)])
    return folder


def refused(path: Path, complaint: str) -> None:
    with pytest.raises(InvalidFile, match=complaint) as raised:
        read_bundle(path)
    assert str(raised.value).endswith(".")


@pytest.mark.parametrize("name", PACKERS)
def test_a_line_without_end_is_refused_when_four_mebibytes_of_it_have_been_read(
    tmp_path: Path, name: str
) -> None:
    with PACKERS[name](tmp_path / name, "wb") as stream:
        stream.write(line())
        for _ in range(64):
            stream.write(b" " * MIB)
    if name != "rows.jsonl":
        assert (tmp_path / name).stat().st_size < MIB
    refused(tmp_path / name, r"rows\.jsonl.*, line 2: longer than 4 MiB")


@pytest.mark.parametrize("name", PACKERS)
def test_what_unfolds_to_more_than_allowed_is_refused_while_it_is_read(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.contract.json_lines.LARGEST_FILE_BYTES", 2 * MIB)
    with PACKERS[name](tmp_path / name, "wb") as stream:
        for _ in range(80):
            stream.write(line(note="x" * 50_000))
    refused(tmp_path / name, r"line 42: the file holds more than 2 MiB")
    with pytest.raises(InvalidFile, match="line"):
        read_question_set(tmp_path / name, "cqa")


@pytest.mark.parametrize("name", PACKERS)
def test_a_file_of_nothing_but_lines_is_refused(tmp_path: Path, name: str) -> None:
    with PACKERS[name](tmp_path / name, "wb") as stream:
        stream.write(b"\n" * 1_000_000)
    refused(tmp_path / name, "holds no explanations")
    with PACKERS[name](tmp_path / name, "wb") as stream:
        stream.write(b"\n" * 1_000_001)
    refused(tmp_path / name, "has more than 1,000,000 lines")


def test_a_zip_that_declares_too_much_is_refused_before_anything_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(MANIFEST, " " * (MIB + 1))
        archive.writestr(EXPLANATIONS, line())
    refused(path, r"manifest\.json would unpack to more than 1 MiB")


@pytest.mark.parametrize("declared", [10, 200])
def test_of_a_zip_that_declares_too_little_no_more_than_that_is_unpacked(
    tmp_path: Path, declared: int
) -> None:
    folder, path = make_folder(tmp_path / "mt"), tmp_path / "liar.zip"
    content = line() + b" " * (3 * MIB)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(folder / MANIFEST, MANIFEST)
        archive.writestr(EXPLANATIONS, content)
    size = len(content).to_bytes(4, "little")
    assert path.read_bytes().count(size) == 2
    path.write_bytes(path.read_bytes().replace(size, declared.to_bytes(4, "little")))
    refused(path, "damaged|not a readable|not JSON|manifest says")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_zip_packed_in_another_way_is_refused(tmp_path: Path, method: int) -> None:
    folder, path = make_folder(tmp_path / "mt"), tmp_path / "odd.zip"
    with zipfile.ZipFile(path, "w", method) as archive:
        for name in (MANIFEST, EXPLANATIONS):
            archive.write(folder / name, name)
    refused(path, r"is packed in an unusual way; zip it again \(deflate\)")


TRAVERSALS = ["../../", "/etc/", "a/../../", "C:/", "./"]


@pytest.mark.parametrize("top", TRAVERSALS)
def test_a_zip_whose_names_lead_elsewhere_is_read_where_it_lies_and_writes_nothing(
    tmp_path: Path, top: str
) -> None:
    folder, path = make_folder(tmp_path / "deep/er/mt"), tmp_path / "deep/er/evil.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in (MANIFEST, EXPLANATIONS):
            archive.writestr(f"{top}{name}", (folder / name).read_bytes())
    before = sorted(tmp_path.rglob("*"))
    assert len(read_bundle(path).rows) == 1
    assert sorted(tmp_path.rglob("*")) == before


def test_a_zip_with_windows_traversal_or_the_same_name_twice_is_refused(tmp_path: Path) -> None:
    folder, path = make_folder(tmp_path / "mt"), tmp_path / "evil.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in (MANIFEST, EXPLANATIONS):
            archive.write(folder / name, f"..\\..\\{name}")
    refused(path, "expected one manifest.json in it, found 0")
    with zipfile.ZipFile(path, "w") as archive:
        for name in (MANIFEST, EXPLANATIONS, f"a/{MANIFEST}"):
            archive.write(folder / Path(name).name, name)
    refused(path, "expected one manifest.json in it, found 2")


def test_a_link_inside_a_zip_is_no_link_to_us(tmp_path: Path) -> None:
    secret, path = tmp_path / "secret", tmp_path / "link.zip"
    secret.write_bytes(line())
    link = zipfile.ZipInfo(EXPLANATIONS)
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "w") as archive:
        archive.write(make_folder(tmp_path / "mt") / MANIFEST, MANIFEST)
        archive.writestr(link, str(secret))
    refused(path, "link.zip, line 1: not JSON")


@pytest.mark.parametrize("name", [MANIFEST, EXPLANATIONS])
def test_a_link_that_leads_out_of_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    folder = make_folder(tmp_path / "mt")
    (folder / name).rename(tmp_path / "elsewhere")
    (folder / name).symlink_to("../elsewhere")
    refused(folder, rf"^{name}: a link that leads out of the bundle's folder")
    (folder / name).unlink()
    (folder / name).symlink_to("/proc/self/environ")
    refused(folder, "a link that leads out of|there is no such file|no manifest.json in it")
    (folder / name).unlink()
    (tmp_path / "elsewhere").rename(folder / "inside")
    (folder / name).symlink_to("inside")
    assert len(read_bundle(folder).rows) == 1


def test_a_folder_that_is_a_link_itself_is_what_was_asked_for(tmp_path: Path) -> None:
    make_folder(tmp_path / "mt")
    (tmp_path / "latest").symlink_to("mt")
    assert len(read_bundle(tmp_path / "latest").rows) == 1


def test_an_explanation_of_a_megabyte_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_bytes(line(explanation="é" * 100_000))
    assert len(read_bundle(path).rows) == 1
    for key in ("explanation", "predicted_answer", "question", "premise", "correct_answer"):
        path.write_bytes(line() + line(**{key: "x" * 1_000_000}))
        refused(path, rf"^rows\.jsonl, line 2: {key}: .*1,000,000 characters; at most 100,000 fit")
    path.write_bytes(line(choices=[str(number) for number in range(101)]))
    refused(path, "line 1: choices: has more than 100 entries")


MANIFESTS: dict[str, tuple[bytes, str]] = {
    "a key twice": (b'{"name": "a", "rows": 1, "rows": 2}', r'the key "rows" is there twice'),
    "a key twice, deep down": (
        b'{"name": "a", "provenance": {"s": 1, "s": 2}}',
        r'the key "s" is there twice',
    ),
    "no number": (b'{"name": "a", "provenance": {"s": NaN}}', "NaN is no number of JSON"),
    "UTF-16": ('{"name": "a"}'.encode("utf-16"), "this is UTF-16 text; save it as UTF-8"),
    "UTF-16 without a mark": ('{"name": "a"}'.encode("utf-16-le"), "not JSON"),
    "a number without end": (b'{"name": "a", "provenance": {"s": [1e999]}}', "a number is too large"),
    "Latin-1": ('{"name": "é"}'.encode("latin-1"), "not UTF-8 text"),
    "too large": (b'{"name": "' + b"a" * MIB + b'"}', "larger than 1 MiB"),
    "nested without end": (b'{"name": "a", "provenance": {"s": ' + b"[" * 900 + b"]" * 900 + b"}}", "."),
    "half a character": (b'{"name": "\\ud800"}', "half of a surrogate pair"),
    "half a character, deep down": (
        b'{"name": "a", "provenance": {"s": ["\\ud800"]}}',
        "half of a surrogate pair",
    ),
    "U+0000": (b'{"name": "a\\u0000"}', r"contains U\+0000"),
    "a later version": (b'{"name": "a", "version": 99}', "written as version 99; .* Upgrade Honeyglass"),
    "an endless version": (b'{"name": "a", "version": 1e999}', "a number is too large"),
}


@pytest.mark.parametrize("kind", MANIFESTS)
def test_a_manifest_made_to_mislead_is_refused(tmp_path: Path, kind: str) -> None:
    content, complaint = MANIFESTS[kind]
    folder = make_folder(tmp_path / "mt")
    (folder / MANIFEST).write_bytes(content)
    refused(folder, rf"^manifest\.json.*{complaint}")


ROWS: dict[str, tuple[bytes, str]] = {
    "UTF-16": (line().decode().encode("utf-16"), "line 1: this is UTF-16 text; save it as UTF-8"),
    "UTF-16 without a mark": (line().decode().encode("utf-16-le"), "line 1: not JSON"),
    "a mix of encodings": (
        line(explanation="x") + b'{"explanation": "caf\xe9"}\n',
        r"line 2: not UTF-8 text \(.* at byte 20\)",
    ),
    "a key twice": (line()[:-2] + b', "explanation": "y"}\n', r'line 1: not JSON \(the key "explanation" is'),
    "U+0000": (line(explanation="a\0b"), r"line 1: explanation: contains U\+0000"),
    "half a character": (line(explanation="\ud800"), "line 1: explanation: .*half of a surrogate pair"),
    "raw control characters": (b'{"explanation": "a\x00\x1b[2J"}\n', r"line 1: not JSON \(Invalid control"),
    "too many keys": (
        line(**{f"key {number}": 1 for number in range(1001)}),
        "line 1: more than 1,000 keys that are not known",
    ),
    "null for a question": (line(question=None), "line 1: question: expected a text"),
    "null for choices": (line(choices=[None, None]), r"line 1: choices\.0: expected a text"),
}


@pytest.mark.parametrize("kind", ROWS)
def test_a_row_made_to_mislead_refuses_the_file(tmp_path: Path, kind: str) -> None:
    content, complaint = ROWS[kind]
    (tmp_path / "rows.jsonl").write_bytes(content)
    refused(tmp_path / "rows.jsonl", complaint)
