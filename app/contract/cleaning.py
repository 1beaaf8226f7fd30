"""What of a raw explanation is shown: a named, versioned, counted cleaning, never a rewrite.

first-paragraph/1, in this order: control and direction-changing characters go (tabs become spaces), outer
white space goes, and of what is left the first paragraph stays, since students' texts often run on into a
further "Question:". A text with nothing visible is empty. One that stops in mid-sentence is flagged and
shown as it is.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

CLEANING = "first-paragraph/1"
# Embeddings, overrides and isolates change how the text around them reads.
DIRECTION_CHANGES = {chr(code) for code in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))}
END_OF_SENTENCE = re.compile(r"""[.!?…:。！？؟।]["'”’)\]»」』*]*$""")


@dataclass(frozen=True)
class Cleaned:
    text: str
    changes: tuple[str, ...]  # names of the steps that changed something
    is_cut_off: bool


def clean(raw: str | None) -> Cleaned:
    """Clean one raw text; None counts as empty."""
    changes = []
    text = raw or ""
    for name, step in STEPS.items():
        cleaned = step(text)
        if cleaned != text:
            changes.append(name)
        text = cleaned
    return Cleaned(text, tuple(changes), bool(text) and not END_OF_SENTENCE.search(text))


def without_control_characters(text: str) -> str:
    unified = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    return "".join(character for character in unified if is_harmless(character))


def is_harmless(character: str) -> bool:
    if character == "\n":
        return True
    return unicodedata.category(character) not in {"Cc", "Cs"} and character not in DIRECTION_CHANGES


def first_paragraph(text: str) -> str:
    return re.split(r"\n[^\S\n]*\n", text, maxsplit=1)[0].rstrip()


def nothing_if_invisible(text: str) -> str:
    """A text of white space and zero-width characters alone shows nothing, so it is empty."""
    is_visible = any(unicodedata.category(character)[0] not in "CZ" for character in text)
    return text if is_visible else ""


STEPS: dict[str, Callable[[str], str]] = {
    "control_characters": without_control_characters,
    "outer_white_space": str.strip,
    "first_paragraph": first_paragraph,
    "invisible": nothing_if_invisible,
}
