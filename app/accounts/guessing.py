"""Whether a password is one of the first that anybody would try: known words, rows of keys, repetitions."""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path

FEWEST_LETTERS = 5  # different ones; "aaaaaaaaaaaa" is no password
MOST_WORDS = 3  # a thousand known words in threes are soon tried; four of them are not
SHORTEST_OF_ROW = 4
SHORTEST_OF_EMAIL = 3
LIST = Path(__file__).with_name("common_words.txt")
# How people write a letter with another key; "1" stands for two of them.
KEYS = str.maketrans("0134578@$!|+", "oieastbasilt")
OTHER_KEYS = str.maketrans("0134578@$!|+", "oleastbasllt")
SHIFTED = str.maketrans("!@#$%^&*()", "1234567890")


def is_easy(password: str, email: str) -> bool:
    low, known = password.casefold(), known_words() | words_of_email(email)
    return (
        len(set(low)) < FEWEST_LETTERS
        or repeated_part(low) != low
        or not any(letter.isalpha() for letter in low)
        or email.casefold() in low
        or any(fewest_words(text, known) <= MOST_WORDS for text in (low, without_signs(low)))
    )


def without_signs(text: str) -> str:
    """A phrase is the same with and without what stands between its words."""
    return re.sub(r"[\W_]+", "", text)


def repeated_part(text: str) -> str:
    """The shortest text of which this one is made by writing it again and again."""
    return text[: (text + text).index(text, 1)]


def fewest_words(text: str, known: frozenset[str]) -> float:
    """Of how few known words the text is made, but for digits and signs; infinite if of something else."""
    longest = max(map(len, known))
    writings = [text, text.translate(KEYS), text.translate(OTHER_KEYS), text.translate(SHIFTED)]
    best = [0.0] + [float("inf")] * len(text)
    for start in range(len(text)):
        if not text[start].isalpha():
            best[start + 1] = min(best[start + 1], best[start])
        for end in range(start + 1, min(start + longest, len(text)) + 1):
            if best[start] + 1 < best[end] and any(one[start:end] in known for one in writings):
                best[end] = best[start] + 1
    return best[-1]


def words_of_email(email: str) -> frozenset[str]:
    words = re.split(r"[\W\d_]+", email.casefold())
    return frozenset(word for word in words if len(word) >= SHORTEST_OF_EMAIL)


@cache
def known_words() -> frozenset[str]:
    """The bundled words and phrases, and every part of a row of keys, in both directions."""
    _, _, rest = LIST.read_text(encoding="utf-8").partition("# words\n")
    words, _, rest = rest.partition("# rows\n")
    rows, _, columns = rest.partition("# columns\n")
    found = {word for line in words.splitlines() if not line.startswith("#") for word in line.split()}
    walks = [walk for line in columns.splitlines() for walk in walks_of(line.split())]
    for row in rows.split() + walks:
        found |= parts_of(row) | parts_of(row[::-1])
    return frozenset(found)


def parts_of(row: str) -> set[str]:
    return {
        row[start:end] for start in range(len(row)) for end in range(start + SHORTEST_OF_ROW, len(row) + 1)
    }


def walks_of(columns: Sequence[str]) -> Iterator[str]:
    """How fingers go over a keyboard's columns, with the digits on top and without: down each, up each,
    and down and up in turn.
    """
    for down in (columns, [column[1:] for column in columns]):
        up = [column[::-1] for column in down]
        for first, second in ((down, down), (up, up), (down, up), (up, down)):
            yield "".join((first, second)[number % 2][number] for number in range(len(columns)))
