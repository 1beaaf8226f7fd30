"""Rules of this code base that a linter cannot check."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCES = sorted((ROOT / "app").rglob("*.py")) + sorted((ROOT / "training").rglob("*.py"))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_stay_short_enough_to_read(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 300


def routers() -> set[str]:
    """The modules that make a router, as they are imported."""
    return {
        ".".join(path.relative_to(ROOT).with_suffix("").parts)
        for path in SOURCES
        if re.search(r"^\w+ = (APIRouter|api_router)\(", path.read_text(), re.MULTILINE)
    }


def test_a_module_with_a_router_is_named_after_it_and_gives_nothing_else() -> None:
    found = routers()
    assert len(found) > 20
    assert [name for name in found if not re.search(r"(^|[._])(routes|api)$", name)] == []
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and node.module in found:
                assert {alias.name for alias in node.names} <= {"router", "api"}, path


def test_no_session_comes_from_a_dependency_and_nothing_commits_by_hand() -> None:
    for path in SOURCES:
        text = path.read_text()
        assert "Depends(get_session" not in text, path
        assert ".commit(" not in text, path
        assert ".rollback(" not in text, path


def test_cookies_are_read_by_our_own_reader_alone() -> None:
    for path in SOURCES:
        assert ".cookies" not in path.read_text().replace("from app.web.cookies", ""), path


def decorators(defined: ast.FunctionDef | ast.ClassDef) -> str:
    return " ".join(ast.unparse(decorator) for decorator in defined.decorator_list)


def test_participant_handlers_are_sync_and_write_only_on_post() -> None:
    for name in ("routes.py", "landing_routes.py"):
        for node in ast.walk(ast.parse((ROOT / "app" / "participation" / name).read_text())):
            if isinstance(node, ast.AsyncFunctionDef):
                pytest.fail(f"{name}: {node.name} is async")
            if isinstance(node, ast.FunctionDef) and any(
                "router.get" in ast.unparse(d) for d in node.decorator_list
            ):
                assert "writing=True" not in ast.unparse(node), node.name


def test_nothing_changes_or_deletes_an_audit_event_but_erasing_empties_a_persons_details() -> None:
    changes = {
        str(path.relative_to(ROOT)): re.findall(r"(?:delete|update)\(AuditEvent.*", path.read_text())
        for path in SOURCES
    }
    assert {path: found for path, found in changes.items() if found} == {
        "app/participation/erasing.py": [
            "update(AuditEvent).where(AuditEvent.subject == subject).values(before={}, after={}))"
        ]
    }


TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
WORDS = re.compile(
    r'<(?P<tag>\w+)\b[^<>]*\bclass="[^"{]*\b(?:lines|reading)\b[^"]*"[^<>]*>(?P<inside>[^<]*)<'
)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_where_line_breaks_show_nothing_but_stored_words_stands(path: Path) -> None:
    for found in WORDS.finditer(path.read_text()):
        if found["tag"] != "td":
            assert re.fullmatch(r"\{\{.*\}\}", found["inside"]), found[0]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_two_attributes_run_together(path: Path) -> None:
    # Jinja drops the line break after a block's tag, and the blanks before one.
    is_inside = False
    text = path.read_text()
    for found in re.finditer(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}|<[a-zA-Z]|>", text, re.DOTALL):
        if found[0].startswith("<") or found[0] == ">":
            is_inside = found[0] != ">"
        elif is_inside and found[0].startswith("{% endif"):
            assert not re.match(r"\s*\n\s*\{%", text[found.end() :]), found[0]


MOST_POSITIONAL = 4


def dataclasses_of_ours() -> dict[str, int]:
    """By name, how many values each holds (the most, where several have one name)."""
    found: dict[str, int] = {}
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef) and "dataclass" in decorators(node):
                count = sum(isinstance(line, ast.AnnAssign) for line in node.body)
                found[node.name] = max(count, found.get(node.name, 0))
    return found


def names_of_others(tree: ast.Module) -> set[str]:
    """What a module imports from libraries."""
    return {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and not re.match(r"(app|training)\b", node.module or "")
        for alias in node.names
    }


def positional_values(call: ast.Call, holds: int) -> int:
    """How many values a call gives by their place; a row that is unpacked may be all of them."""
    return holds if any(isinstance(one, ast.Starred) for one in call.args) else len(call.args)


def too_positional(source: str, ours: dict[str, int]) -> list[str]:
    tree = ast.parse(source)
    known = ours.keys() - names_of_others(tree)
    return [
        f"line {node.lineno}: {name}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and (name := ast.unparse(node.func).rpartition(".")[2]) in known
        and positional_values(node, ours[name]) > MOST_POSITIONAL
    ]


def test_a_whole_value_of_more_than_four_parts_is_built_by_keyword() -> None:
    ours = dataclasses_of_ours()
    assert len(ours) > 100
    found = {str(path.relative_to(ROOT)): too_positional(path.read_text(), ours) for path in SOURCES}
    assert {path: calls for path, calls in found.items() if calls} == {}


@pytest.mark.parametrize(
    "source,is_found",
    [
        ("Cell(1, 2, 3, 4, 5)", True),
        ("here.Cell(*row)", True),
        ("Cell(1, 2, 3, 4, e=5)", False),
        ("Small(*row)", False),
        ("from library import Cell\nCell(1, 2, 3, 4, 5)", False),
    ],
)
def test_the_law_of_keywords_sees_calls_by_place(source: str, is_found: bool) -> None:  # noqa: FBT001
    assert bool(too_positional(source, {"Cell": 5, "Small": 3})) is is_found
