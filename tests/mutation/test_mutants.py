"""The mistakes that `make mutate` makes, and that each reaches the code which the tests then run."""

import ast
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest

from tests.mutation import __main__ as runner
from tests.mutation.equivalent import EQUIVALENT
from tests.mutation.mutants import mutants
from tests.mutation.targets import TARGETS
from tests.mutation.trying import compiled, exchange, outside

ROOT = Path(__file__).parents[2]


def mistakes(source: str) -> list[str]:
    """What each mistake makes of a line of source."""
    return [ast.unparse(mutant.tree) for mutant in mutants(source)]


@pytest.mark.parametrize(
    "source,expected",
    [
        ("a < b", ["pass", "a <= b"]),
        ("a == b", ["pass"]),
        ("x = a or b or c", ["x = b or c", "x = a or c", "x = a or b"]),
        ("x = a + 1", ["x = a - 1", "x = a + 2"]),
        ("x = True", ["x = False"]),
        ("x = 'word'", ["x = 'wordX'"]),
        ("x = 'a sentence'", []),
        ("x = f'{a}word'", []),
        ("x = min(a)", ["x = max(a)"]),
        ("x = a.strip()", ["x = a"]),
        ("x = q.where(a, b)", ["x = q", "x = q.where(b)", "x = q.where(a)"]),
        ("x = a if b else c", ["x = a", "x = c"]),
        ("x = [a for a in b if a]", ["x = [a for a in b]"]),
        ("x: Literal['a'] = y", []),
        ("x = cast('A', 1)", ["x = cast('A', 2)"]),
        ("'''What it does.'''", []),
        ("raise Wrong", ["pass"]),
        ("if a:\n    x = b", ["if True:\n    x = b", "if False:\n    x = b"]),
        ("while a:\n    break", ["while False:\n    break", "while a:\n    continue"]),
        ("@cache(3)\ndef f(x: int) -> None:\n    return x", []),
    ],
)
def test_each_kind_of_mistake(source: str, expected: list[str]) -> None:
    assert mistakes(source) == expected
    assert ast.unparse(ast.parse(source)) not in mistakes(source)


def test_what_is_not_reached_in_time_is_named_and_not_counted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["mutation", "app/access.py", "app/errors.py", "--minutes", "0"])
    monkeypatch.setattr(runner, "survivors_of", lambda *_: (0, []))
    runner.main()
    said = capsys.readouterr().out.splitlines()
    assert said == ["out of time; not reached: app/access.py, app/errors.py", "0 of 0 noticed (0.0 %)"]


def test_a_mistake_is_named_by_its_function_and_tells_two_of_a_kind_apart() -> None:
    source = "class A:\n    def b(self):\n        return c < 1 < d, c < 1 < d"
    names = [mutant.name for mutant in mutants(source) if "<=" in mutant.name]
    assert names == [
        "A.b: c < 1 < d → c <= 1 < d",
        "A.b: c < 1 < d → c < 1 <= d",
        "A.b: c < 1 < d → c <= 1 < d (2)",
        "A.b: c < 1 < d → c < 1 <= d (2)",
    ]


def loaded(path: Path, source: str) -> ModuleType:
    path.write_text(source, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("mistaken", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_mistake_in_a_function_is_exchanged_in_place_and_one_outside_is_not(tmp_path: Path) -> None:
    source = "FEW = 2\nclass A:\n    @property\n    def b(self):\n        return [n + 1 for n in (FEW,)]\n"
    module = loaded(tmp_path / "mistaken.py", source)
    found = {
        mutant.name: compile(mutant.tree, str(tmp_path / "mistaken.py"), "exec") for mutant in mutants(source)
    }
    inside, constant = found["A.b: n + 1 → n - 1"], found["module: 2 → 3"]
    assert outside(inside) == outside(compiled(module)) != outside(constant)
    kept = module.A().b
    exchange(inside)
    assert (kept, module.A().b) == ([3], [1])


def test_every_target_and_its_tests_are_there() -> None:
    for path, tests in TARGETS.items():
        assert all((ROOT / one).is_file() for one in (path, *tests)), path


def test_every_module_of_the_contract_is_a_target() -> None:
    known = {f"app/contract/{path.name}" for path in (ROOT / "app/contract").glob("*.py")}
    assert known - set(TARGETS) == {"app/contract/__init__.py"}


def test_what_is_said_to_change_nothing_is_a_mistake_that_is_still_made() -> None:
    for path, known in EQUIVALENT.items():
        names = {mutant.name for mutant in mutants((ROOT / path).read_text(encoding="utf-8"))}
        assert known.keys() <= names, f"{path}: {known.keys() - names}"
