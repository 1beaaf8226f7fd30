"""A definition without what people are paid by: what viewers and data packages get.

Whoever knows a completion code or SONA's credit token can be paid without taking part. So each is hidden
wherever it stands as a word of its own, however it is written: in capitals or not, with Markdown's escapes,
in an address. A code that is an ordinary word, THANKS, takes every "thanks" with it: a gap in a text costs
nothing, a paid code does. Names that the definition refers by (slug, keys, sets) stay as they are, since they
stand in addresses anyway. The placeholders keep the definition one that can be copied for a study of one's
own, but it cannot be launched.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from html import unescape
from itertools import accumulate
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from app.contract.base import sha256_of

PLACEHOLDER = "REDACTED"
ADDRESS = "https://redacted.invalid/"
SHORTEST_OF_ADDRESS = 4  # letters; a shorter value in a return address is a setting, like lang=en
NAMES = {
    *("slug", "key", "set", "bundle", "checkpoint", "scale", "ids", "exclude", "reference", "primary"),
    *("version", "language", "kind", "comment", "own_answer", "design", "audience", "platform"),
}
# A letter as it may be written: after Markdown's backslash, as in an address, as in HTML; else as itself.
LETTER = re.compile(
    r"\\[!-/:-@\[-`{-~]|%[0-7][0-9A-Fa-f]|&(?:#[0-9]{1,7}|#[xX][0-9A-Fa-f]{1,6}|amp|lowbar|hyphen);|\s+|.",
    re.DOTALL,
)
# The underscore ends a word, and so do scripts that write no spaces, which begin with Thai.
WORD = re.compile("([^\\W_\u0e00-\U0010ffff]+)")
EDGE = "\0"  # stands where a word begins or ends; no stored text has it


def without_payment(definition: dict[str, Any]) -> dict[str, Any]:
    """The stored definition with placeholders for codes, credit token, site and return address.

    What was also written into a page's text is replaced there, too.
    """
    recruitment = definition["recruitment"]
    codes = {key: value and PLACEHOLDER for key, value in (recruitment.get("codes") or {}).items()}
    address = recruitment.get("completion_url")
    hidden = {key: recruitment.get(key) and PLACEHOLDER for key in ("site", "token") if key in recruitment}
    if address:
        hidden["completion_url"] = ADDRESS + ("{code}" if "{code}" in address else "")
    found: dict[str, Any] = hide(definition, frozenset(map(marked, secrets(recruitment))))
    return found | {"recruitment": found["recruitment"] | {"codes": codes} | hidden}


def published_sha256(definition: dict[str, Any]) -> str:
    """SHA-256 of what is left of a definition. Of the whole one, a short code would be found by trying."""
    return sha256_of(without_payment(definition))


def secrets(recruitment: dict[str, Any]) -> Iterator[str]:
    """What pays people, and the return address with the values in it, one of which may be a code."""
    known = [*(recruitment.get("codes") or {}).values(), recruitment.get("token"), recruitment.get("site")]
    yield from filter(None, known)
    if address := recruitment.get("completion_url"):
        yield address
        yield from codes_in(address)


def codes_in(address: str) -> Iterator[str]:
    """What may be a code in an address: the values of its query, and parts of its path with a digit."""
    parts = urlsplit(address)
    for _, value in parse_qsl(parts.query):
        if len(value) >= SHORTEST_OF_ADDRESS and "{" not in value:
            yield value
    for part in (*parts.path.split("/"), parts.fragment):
        if len(part) >= SHORTEST_OF_ADDRESS and any(map(str.isdigit, part)):
            yield unquote(part)


def hide(value: Any, hidden: frozenset[str]) -> Any:  # noqa: ANN401  # any JSON
    match value:
        case str():
            return without(value, hidden)
        case dict():
            return {key: one if key in NAMES else hide(one, hidden) for key, one in value.items()}
        case list():
            return [hide(one, hidden) for one in value]
        case _:
            return value


def without(text: str, hidden: Iterable[str]) -> str:
    """The text with a placeholder for each secret; its cost grows as its length, whatever the two hold."""
    searched = marked(text)
    spans = sorted(span for secret in hidden for span in places(searched, secret))
    if not spans:
        return text
    letters_before = list(accumulate((letter != EDGE for letter in searched), initial=0))
    letters, kept, done = LETTER.findall(text), list[str](), 0
    for start, end in spans:
        if letters_before[start] > done or not kept:
            kept += [*letters[done : letters_before[start]], PLACEHOLDER]
        done = max(done, letters_before[end])
    return "".join([*kept, *letters[done:]])


def places(searched: str, secret: str) -> Iterator[tuple[int, int]]:
    """Where a secret stands as words of its own: with the edges marked, this is a plain search."""
    start = searched.find(secret)
    while start >= 0:
        end = start + len(secret)
        yield start, end
        start = searched.find(secret, max(end - 1, start + 1))  # one edge may belong to two


def marked(text: str) -> str:
    """The text as it is compared: what each letter means, in lower case, the edges of words marked."""
    return EDGE.join(WORD.split("".join(map(meaning, LETTER.findall(text)))))


@lru_cache(maxsize=4096)
def meaning(letter: str) -> str:
    """One letter for one that may be written with several."""
    if letter.isspace():
        return " "
    match letter[:1] if len(letter) > 1 else "":
        case "\\":
            letter = letter[1]
        case "%":
            letter = unquote(letter)
        case "&":
            letter = unescape(letter)
    plain = unicodedata.normalize("NFKC", letter).casefold()
    return plain if len(plain) == 1 and plain != EDGE else (letter[:1] or " ").replace(EDGE, " ")


def has_placeholder(definition: dict[str, Any]) -> bool:
    """Whether a definition still has placeholders where people's payment belongs."""
    recruitment = definition["recruitment"]
    values = [
        *(recruitment.get("codes") or {}).values(),
        *(recruitment.get(key) for key in ("site", "token")),
    ]
    return PLACEHOLDER in values or (recruitment.get("completion_url") or "").startswith(ADDRESS)
