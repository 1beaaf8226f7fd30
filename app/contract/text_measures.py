"""What is counted in an explanation: pure functions of texts, no judgement of quality.

Whoever counts words or looks for a choice in a text does it here, so that one text has one figure in a run's
page, a study's flags and a student's evaluation (docs/adr/0016).
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from app.contract.answers import answer_key, chosen_index, is_same_answer

# Vowel signs and accents belong to the word they stand in, and so do the joiners of Persian and Hindi.
MARKS = "".join(chr(code) for code in range(0x300, 0x3100) if unicodedata.category(chr(code))[0] == "M")
LETTER = rf"[\w{MARKS}\u200c\u200d]"
# "don't", "3.5" and "1,000" are one word each, "well-known" is two; the bank's is the bank.
WORD = re.compile(rf"({LETTER}+(?:['’](?!s\b){LETTER}+|(?<=\d)[.,](?=\d){LETTER}+)*)(?:['’]s\b)?")
SENTENCE_END = re.compile(r"[.!?][\"”’')\]]*(?=\s|$)")
NEGATIONS = {
    "no",
    "not",
    "none",
    "never",
    "neither",
    "nor",
    "nothing",
    "nobody",
    "nowhere",
    "cannot",
    "without",
}
# What comes before X in "the answer is X", "so the correct answer would be: (A) X", "Answer: X".
OWN_ANSWER = re.compile(r"\banswer(?:\s+(?:is|would be|should be)\b|:)\W*(?:[a-z]\)\s*)?", re.IGNORECASE)
LEADING_ARTICLE = re.compile(r"^ (?:an?|the) ")  # of words in a row: "the answer is the bank"
LONGEST_OWN_ANSWER = 300  # characters; what is longer is no choice that somebody names
SHORTEST_SENTENCE_WORDS = 3  # "Yes. Yes." repeats nothing
RUN_WORDS = 6
MOST_RUNS = 3  # the same words so often are a loop, not style
REPEATED = 4  # words in a row that are there again
Z95 = 1.959963984540054


@dataclass(frozen=True, kw_only=True)
class Measures:
    """What is stored of an answer and its explanation, under the names of the columns.

    `answer_key` is equal for same answers. `is_contradicting`: the explanation says that the answer is
    another choice than the one given.
    """

    is_answer_correct: bool
    answer_key: int
    word_count: int
    character_count: int
    distractors_mentioned: int
    is_empty: bool
    is_repetitive: bool
    is_contradicting: bool


def measure(text: str, answer: str | None, choices: Sequence[str], correct_answer: str) -> Measures:
    """Measure an explanation as shown, and the answer it explains."""
    return Measures(
        is_answer_correct=answer is not None and is_same_answer(answer, correct_answer),
        answer_key=answer_key(answer),
        word_count=count_words(text),
        character_count=len(text),
        distractors_mentioned=distractors_mentioned(text, answer, choices),
        is_empty=not text.strip(),
        is_repetitive=is_repetitive(text),
        is_contradicting=agrees_with(text, answer, choices) is False,
    )


def words_of(text: str) -> list[str]:
    """The words of a text, case-folded and without what stands around them."""
    return WORD.findall(text.casefold())


def count_words(text: str) -> int:
    return len(words_of(text))


def count_sentences(text: str) -> int:
    return len(SENTENCE_END.findall(text)) or int(bool(text.strip()))


def count_negations(text: str) -> int:
    return sum(word in NEGATIONS or word.endswith(("n't", "n’t")) for word in words_of(text))


# Choices in a text


def in_a_row(text: str) -> str:
    """Its words, each between spaces of its own: a part of it is whole words in a row."""
    return "".join(f" {word} " for word in words_of(text))


def mentioned(text: str, choices: Sequence[str]) -> list[str]:
    """The choices whose words stand in a text in a row, longest first, equal ones once.

    Case and signs between words do not matter. Who says "ice cream" has not mentioned "ice", if both are
    choices.
    """
    left, found = in_a_row(text), []
    for choice in sorted(choices, key=len, reverse=True):
        wanted = in_a_row(choice)
        if wanted and wanted in left:
            found.append(choice)
            left = left.replace(wanted, "|")
    return found


def distractors_mentioned(text: str, answer: str | None, choices: Sequence[str]) -> int:
    """How many choices other than the answer a text mentions; without an answer, all are others.

    Choices with the answer's words ("C" and "C++") are not others: no text tells them apart by its words.
    """
    own = in_a_row(answer or "")
    return sum(in_a_row(choice) != own for choice in mentioned(text, choices))


def own_answer(text: str, choices: Sequence[str]) -> str | None:
    """The choice that a text says is the answer, the last time it says so; None if it says none."""
    rows = {choice: in_a_row(choice) for choice in choices}
    for found in reversed(list(OWN_ANSWER.finditer(text))):
        said = in_a_row(text[found.end() : found.end() + LONGEST_OWN_ANSWER])
        ways = (said, LEADING_ARTICLE.sub("", said))
        if named := [
            choice for choice, row in rows.items() if row and any(way.startswith(row) for way in ways)
        ]:
            return max(named, key=len)  # "river bank", not the "river" that it begins with
    return None


def agrees_with(text: str, answer: str | None, choices: Sequence[str]) -> bool | None:
    """Whether the answer that a text names has the words of the answer given.

    None unless both name a choice.
    """
    if answer is None or chosen_index(answer, choices) is None:
        return None
    own = own_answer(text, choices)
    return None if own is None else in_a_row(own) == in_a_row(answer)


# Repetition


def is_repetitive(text: str) -> bool:
    """Whether a sentence is there twice, or the same six words three times."""
    sentences = [words_of(sentence) for sentence in re.split(r"[.!?\n]+", text)]
    counted = Counter(tuple(sentence) for sentence in sentences if len(sentence) >= SHORTEST_SENTENCE_WORDS)
    if any(count > 1 for count in counted.values()):
        return True
    runs = Counter(runs_of_words(text, RUN_WORDS))
    return any(count >= MOST_RUNS for count in runs.values())


def repetition(text: str) -> float:
    """Share of the runs of four words that were there before in the same text; 0 for a shorter text."""
    runs = runs_of_words(text, REPEATED)
    return 1 - len(set(runs)) / len(runs) if runs else 0.0


def runs_of_words(text: str, length: int) -> list[tuple[str, ...]]:
    words = words_of(text)
    return [tuple(words[at : at + length]) for at in range(len(words) - length + 1)]


def wilson_interval(right: int, total: int) -> tuple[float, float]:
    """The 95 % interval of a share, after Wilson (1927). Raises: ValueError for no share."""
    if not 0 <= right <= total or total == 0:
        raise ValueError("expected 0 <= right <= total, and total above 0")
    share, z2 = right / total, Z95**2
    centre = (share + z2 / (2 * total)) / (1 + z2 / total)
    half = Z95 * sqrt(share * (1 - share) / total + z2 / (4 * total**2)) / (1 + z2 / total)
    return max(0.0, centre - half), min(1.0, centre + half)
