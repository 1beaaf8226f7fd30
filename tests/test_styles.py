"""Rules of style sheets that a formatter does not check: colours and sizes come from static/tokens.css."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import tinycss2
from tinycss2.ast import Declaration, Node, ParseError
from tinycss2.color4 import parse_color

from app.web.pages import ROOT, STATIC

TOKENS = STATIC / "tokens.css"
SHEETS = [path for path in sorted(STATIC.glob("*.css")) if path != TOKENS]
# Words, spaces, corners and lines have their sizes from tokens. Layout, which is the rest, may say its own:
# widths, heights, places, columns. So may what hangs on the text's own size: em, ch and percentages.
SIZED = re.compile(
    r"font(-size)?|(scroll-)?(margin|padding)(-.*)?|((row|column)-)?gap|border(-.*)?|outline(-.*)?|box-shadow"
    r"|text-decoration-thickness"
)
HANGING = {"em", "ch", "fr"}
SYSTEM = {"currentcolor", "transparent", "highlight", "canvastext"}
# A figure's colours stand for data; a browser's tab shows the icon where no style sheet of ours is.
OWN_COLOURS = {"app/analysis/figures/style.py", "static/icon.svg"}
HEX = re.compile(r"#(?:[0-9a-f]{8}|[0-9a-f]{6}|[0-9a-f]{3,4})\b", re.IGNORECASE)


def declarations(nodes: list[Node]) -> Iterator[Declaration]:
    """Every declaration, however deep it stands in rules. A sheet with a mistake fails."""
    for node in nodes:
        assert not isinstance(node, ParseError), node.message
        if isinstance(node, Declaration):
            yield node
        elif (content := getattr(node, "content", None)) is not None:
            yield from declarations(tinycss2.parse_blocks_contents(content, True, True))


def read(path: Path) -> list[Declaration]:
    sheet = tinycss2.parse_stylesheet(path.read_text(), skip_comments=True, skip_whitespace=True)
    return list(declarations(sheet))


def parts(nodes: list[Node]) -> Iterator[Node]:
    """Every value, those in functions included; a variable's name is not a value."""
    for node in nodes:
        yield node
        if node.type == "function":
            yield from parts(node.arguments[1:] if node.lower_name == "var" else node.arguments)


def names(declared: list[Declaration]) -> set[str]:
    """The variables that are used."""
    return {
        name for one in declared for name in re.findall(r"var\((--[\w-]+)", tinycss2.serialize(one.value))
    }


@pytest.mark.parametrize("path", SHEETS, ids=lambda path: path.name)
def test_colours_come_from_the_tokens(path: Path) -> None:
    for one in read(path):
        for part in parts(one.value):
            if part.type != "ident" or part.lower_value not in SYSTEM:
                assert parse_color(part) is None, f"{one.name}: {part.serialize()}"


@pytest.mark.parametrize("path", SHEETS, ids=lambda path: path.name)
def test_sizes_of_words_spaces_corners_and_lines_come_from_the_tokens(path: Path) -> None:
    for one in read(path):
        if not SIZED.fullmatch(one.lower_name):
            continue
        for part in parts(one.value):
            is_own = part.type == "dimension" and part.value and part.lower_unit not in HANGING
            assert not is_own, f"{one.name}: {part.serialize()}"


def test_every_token_is_used_and_nothing_else_is_named() -> None:
    declared = read(TOKENS)
    tokens = {one.name for one in declared}
    used = set.union(*(names(read(path)) for path in SHEETS))
    assert {name for name in used if not name.startswith("--pico-")} == tokens


def test_dark_changes_colours_that_are_there() -> None:
    rules = tinycss2.parse_stylesheet(TOKENS.read_text(), skip_comments=True, skip_whitespace=True)
    light, dark = ({one.name for one in declarations([rule])} for rule in rules)
    assert len(dark) > 10
    assert dark < light


@pytest.mark.parametrize("path", SHEETS, ids=lambda path: path.name)
def test_what_is_important_says_why(path: Path) -> None:
    for line in path.read_text().splitlines():
        if "!important" in line:
            assert re.search(r"/\* .{20,} \*/$", line), line


def test_no_template_and_no_module_has_colours_or_styles_of_its_own() -> None:
    files = [
        *ROOT.glob("templates/**/*.html"),
        *ROOT.glob("app/**/*.py"),
        *STATIC.glob("*.js"),
        *STATIC.glob("*.svg"),
    ]
    for path in files:
        text = path.read_text()
        if path.suffix == ".html":
            # A browser reads this one before any style sheet.
            text = re.sub(r'<meta name="theme-color" content="#fbfaf7">', "", text)
            assert not re.search(r"<style>(?!\s*\{\{ inlined\()|\sstyle=", text), path
        if str(path.relative_to(ROOT)) not in OWN_COLOURS:
            assert [found for found in HEX.findall(text) if not found[1:].isdigit()] == [], path
    paper = next(one for one in read(TOKENS) if one.name == "--paper")
    assert tinycss2.serialize(paper.value).strip() == "#fbfaf7"
