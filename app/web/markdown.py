"""A researcher's Markdown as safe HTML."""

from functools import lru_cache

import nh3
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markupsafe import Markup

renderer = MarkdownIt("commonmark", {"html": False}).enable("table")
LOWEST_HEADING = 6


def lower_headings(state: StateCore) -> None:
    """The page's own title is its one first heading; a text's headings come below it."""
    for token in state.tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(int(token.tag[1]) + 1, LOWEST_HEADING)}"


renderer.core.ruler.push("lower_headings", lower_headings)


@lru_cache(maxsize=256)
def to_html(text: str) -> Markup:
    """HTML of CommonMark with tables; raw HTML is shown as text, images are dropped."""
    clean = nh3.clean(renderer.render(text), tags=nh3.ALLOWED_TAGS - {"img"})
    return Markup(clean)  # noqa: S704  # nh3 has just made it safe
