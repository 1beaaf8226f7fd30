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


def decorators(function: ast.FunctionDef) -> str:
    return " ".join(ast.unparse(decorator) for decorator in function.decorator_list)


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
