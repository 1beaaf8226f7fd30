"""docs/security.md counts what its tables say, and what it names as evidence is there."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "security.md").read_text()
VERDICTS = ("pass", "fail", "not applicable")
# How many requirements each of these chapters of ASVS 5.0.0 has.
SIZES = {
    1: 30,
    2: 13,
    3: 31,
    4: 16,
    5: 13,
    6: 47,
    7: 19,
    8: 13,
    11: 24,
    12: 12,
    13: 21,
    14: 13,
    15: 21,
    16: 17,
}
ROW = re.compile(r"^\| (\d+)\.(\d+)\.(\d+) \| ([123]) \| [^|]+ \| ([a-z ]+) \| ([^|]*) \|$", re.MULTILINE)


class Verdict(NamedTuple):
    number: tuple[int, ...]
    level: int
    verdict: str
    why: str


def verdicts() -> Iterator[Verdict]:
    for *number, level, verdict, why in ROW.findall(TEXT):
        yield Verdict(tuple(map(int, number)), int(level), verdict, why)


def said(found: Iterable[Verdict]) -> str:
    counts = Counter(one.verdict for one in found)
    return ", ".join(f"{counts[verdict]} {verdict}" for verdict in VERDICTS)


def test_every_requirement_has_one_verdict_and_a_word_why() -> None:
    found = list(verdicts())
    numbers = [one.number for one in found]
    assert numbers == sorted(set(numbers))
    assert Counter(number[0] for number in numbers) == SIZES
    assert {one.verdict for one in found} <= set(VERDICTS)
    assert not [one.number for one in found if not one.why.strip()]


def test_the_tally_is_that_of_the_tables() -> None:
    found = list(verdicts())
    low = [one for one in found if one.level < 3]
    assert f"**Of {len(found)} requirements: {said(found)}.**" in TEXT
    assert f"Of the {len(low)} of levels 1 and 2: {said(low)}." in TEXT


@pytest.fixture(scope="module")
def tests_there_are() -> set[str]:
    files = (ROOT / "tests").rglob("test_*.py")
    return {
        name for file in files for name in re.findall(r"^def (test_\w+)\(", file.read_text(), re.MULTILINE)
    }


def test_every_test_and_file_that_is_named_is_there(tests_there_are: set[str]) -> None:
    named = set(re.findall(r"`([\w./:-]+)`", TEXT))
    for name in {one.split("::")[-1] for one in named if re.search(r"(^|::)test_\w+$", one)}:
        assert name in tests_there_are, name
    for path in {one.split("::")[0] for one in named if re.search(r"^[\w.-]+/|\.(py|md|txt|yml)$", one)}:
        assert (ROOT / path).exists(), path
