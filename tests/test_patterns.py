"""No pattern of ours takes more than its text's length: each is fed 64 KiB of the worst luck we know."""

import ast
import re
import time
from collections.abc import Callable, Iterator
from itertools import chain, permutations
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SIZE = 64 * 1024
# What patterns look for: one of each kind of letter, and the signs that stand in ours.
LETTERS = "aZ0 \n\t-_.:/\\\"'=<>[]{}()%&,;@!*+#é\u2028"
MEASURABLE_S = 0.05


def constant(node: ast.expr) -> str | None:
    """A pattern that is written as one text; parts that are filled in are a letter here."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(str(one.value) if isinstance(one, ast.Constant) else "a" for one in node.values)
    return None


def written(path: Path) -> Iterator[tuple[str, str]]:
    """Every pattern that a module gives to `re`, or to a model's field, and how it looks for it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if not isinstance(node, ast.Call):
            continue
        called = ast.unparse(node.func)
        given = [word.value for word in node.keywords if word.arg == "pattern"]
        if called.startswith("re.") and called != "re.escape" and node.args:
            given.append(node.args[0])
        way = "fullmatch" if called == "re.fullmatch" else "search"  # which tries every place to begin at
        yield from ((text, way) for text in map(constant, given) if text is not None)


PATTERNS = sorted(set(chain.from_iterable(map(written, sorted((ROOT / "app").rglob("*.py"))))))


def texts(size: int) -> Iterator[str]:
    """Runs of one letter and of two in turn, with an end that the run did not promise."""
    for letter in LETTERS:
        yield letter * size + "\x00"
    for one, other in permutations('a0 -.\\"=', 2):
        yield one + (other + one) * (size // 2) + "\x00"


def seconds(search: Callable[[str], object], text: str) -> float:
    started = time.process_time()
    search(text)
    return time.process_time() - started


def test_the_patterns_are_found() -> None:
    assert len(PATTERNS) > 25


@pytest.mark.parametrize("pattern,way", PATTERNS)
def test_twice_the_text_takes_less_than_three_times_the_time(pattern: str, way: str) -> None:
    ask = getattr(re.compile(pattern), way)
    for half, whole in zip(texts(SIZE // 2), texts(SIZE), strict=True):
        if seconds(ask, whole) > MEASURABLE_S:
            tries = [(seconds(ask, half), seconds(ask, whole)) for _ in range(3)]
            assert any(long < 3 * short for short, long in tries), (half[:2], tries)
