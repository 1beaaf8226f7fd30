import gzip
import json
import lzma
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from app.contract.base import InvalidFile
from app.contract.json_lines import open_lines, parse_rows


class Row(BaseModel):
    key: str = Field(alias="id")
    text: str = ""


def read(path: Path) -> tuple[list[tuple[int, Row]], Counter[str]]:
    unknown: Counter[str] = Counter()
    with open_lines(path) as stream:
        return list(parse_rows(stream, path.name, Row, unknown)), unknown


def as_it_is(content: bytes) -> bytes:
    return content


PACKED: list[tuple[str, Callable[[bytes], bytes]]] = [
    ("rows.jsonl", as_it_is),
    ("rows.jsonl.gz", gzip.compress),
    ("rows.jsonl.xz", lzma.compress),
]


@pytest.mark.parametrize("name,pack", PACKED)
def test_plain_and_packed_files_are_read_with_the_line_numbers_an_editor_shows(
    tmp_path: Path, name: str, pack: Callable[[bytes], bytes]
) -> None:
    text = '\ufeff{"id": "a"}\r\n\n  \t\n{"id": "b", "text": "one\u2028two\u0085three"}\n{"id": "ä"}'
    (tmp_path / name).write_bytes(pack(text.encode()))
    rows, unknown = read(tmp_path / name)
    assert [(line, row.key) for line, row in rows] == [(1, "a"), (4, "b"), (5, "ä")]
    assert rows[1][1].text == "one\u2028two\u0085three"
    assert not unknown


def test_keys_the_row_does_not_know_are_counted_and_a_field_goes_by_its_name_in_the_file(
    tmp_path: Path,
) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"id": "a", "key": "x", "why": 1}\n{"id": "b", "why": null}\n', encoding="utf-8")
    rows, unknown = read(path)
    assert [row.key for _, row in rows] == ["a", "b"]
    assert unknown == {"why": 2, "key": 1}


REFUSED = {
    "not JSON": (b'{"id": "a"}\n\n{"id": \n', "rows.jsonl, line 3: not JSON"),
    "nested without end": (b"[" * 200_000, "rows.jsonl, line 1: not JSON"),
    "a number too long to read": (b'{"id": "a", "n": ' + b"9" * 5000 + b"}", "rows.jsonl, line 1: not JSON"),
    "not an object": (b'["a"]', r"rows.jsonl, line 1: expected an object like \{...\}, found a list"),
    "a missing key": (b'{"id": "a"}\n{"text": "b"}', "rows.jsonl, line 2: id: required, but missing"),
    "a wrong type": (b'{"id": 5}', "rows.jsonl, line 1: id: expected a text"),
    "not UTF-8": (b'{"id": "a"}\n{"id": "\xff"}\n', "rows.jsonl, line 2: not UTF-8 text"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_a_malformed_line_refuses_the_file_with_its_line_and_the_reason(tmp_path: Path, kind: str) -> None:
    content, complaint = REFUSED[kind]
    (tmp_path / "rows.jsonl").write_bytes(content)
    with pytest.raises(InvalidFile, match=complaint):
        read(tmp_path / "rows.jsonl")


def test_two_faults_of_one_line_are_both_named(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text('{"text": 7}', encoding="utf-8")
    with pytest.raises(InvalidFile, match=r"line 1: id: required, but missing; text: expected a text"):
        read(tmp_path / "rows.jsonl")


@pytest.mark.parametrize("name,pack", PACKED[1:])
@pytest.mark.parametrize("damage", ["cut short", "overwritten", "something else"])
def test_a_damaged_archive_is_refused(
    tmp_path: Path, name: str, pack: Callable[[bytes], bytes], damage: str
) -> None:
    rows = "".join(f'{{"id": "{number * 7919 % 10007}"}}\n' for number in range(500))
    packed = pack(rows.encode())
    half = len(packed) // 2
    content = {
        "cut short": packed[:half],
        "overwritten": packed[:half] + b"\0" * 40 + packed[half + 40 :],
        "something else": rows.encode(),
    }[damage]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InvalidFile, match=f"{name}: the compressed file is damaged"):
        read(tmp_path / name)


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.jsonl.gz", "rows.jsonl.xz", "."])
def test_a_file_that_is_not_there_is_said_to_be_missing(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidFile, match="there is no such file"):
        read(tmp_path / name)


@given(st.binary(max_size=200) | st.recursive(st.none() | st.text() | st.floats(), st.lists).map(json.dumps))
def test_whatever_a_file_holds_is_read_or_refused_never_a_crash(
    tmp_path_factory: pytest.TempPathFactory, content: bytes | str
) -> None:
    path = tmp_path_factory.mktemp("any") / "rows.jsonl"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    try:
        rows, _ = read(path)
    except InvalidFile as error:
        assert str(error).startswith("rows.jsonl")  # noqa: PT017  # both outcomes are right
    else:
        assert all(isinstance(row, Row) for _, row in rows)
