"""What an admin should look at in an explanation: pure functions of texts, no judgement of quality."""

import re
from collections import Counter
from collections.abc import Sequence
from math import sqrt

from app.contract.answers import chosen_index, is_same_answer

SHORTEST_SENTENCE_WORDS = 3  # "Yes. Yes." repeats nothing
RUN_WORDS = 6
MOST_RUNS = 3  # the same words so often are a loop, not style
ANSWER_MARKERS = ("the answer is", "answer is", "the correct answer is", "answer:")
Z95 = 1.959963984540054
WORD_LETTER = re.compile(r"\w")
NO_WORD_LETTER = re.compile(r"\W")


def warnings_of(
    text: str, answer: str | None, choices: Sequence[str], *, is_truncated: bool, missing: Sequence[str]
) -> list[str]:
    """Names of what is odd, in a fixed order: missing_marker, truncated, empty, repetitive, contradicting."""
    found = {
        "missing_marker": bool(missing),
        "truncated": is_truncated,
        "empty": not text.strip(),
        "repetitive": is_repetitive(text),
        "contradicting": contradicts(text, answer, choices),
    }
    return [name for name, is_so in found.items() if is_so]


def is_repetitive(text: str) -> bool:
    """Whether a sentence is there twice, or the same six words three times."""
    sentences = [words(sentence) for sentence in re.split(r"[.!?\n]+", text)]
    counted = Counter(tuple(sentence) for sentence in sentences if len(sentence) >= SHORTEST_SENTENCE_WORDS)
    if any(count > 1 for count in counted.values()):
        return True
    all_words = words(text)
    runs = Counter(tuple(all_words[at : at + RUN_WORDS]) for at in range(len(all_words) - RUN_WORDS + 1))
    return any(count >= MOST_RUNS for count in runs.values())


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def contradicts(text: str, answer: str | None, choices: Sequence[str]) -> bool:
    """Whether the explanation names another choice as the answer than the student gave."""
    if answer is None or chosen_index(answer, choices) is None:
        return False
    folded = text.casefold()
    for marker in ANSWER_MARKERS:
        at = folded.rfind(marker)
        if at >= 0:
            named = first_mentioned(folded[at + len(marker) : at + len(marker) + 100], choices)
            return named is not None and not is_same_answer(named, answer)
    return False


LONGEST_MENTION = 300  # letters; what is longer is copied, not mentioned, and takes long to look for


def first_mentioned(text: str, choices: Sequence[str]) -> str | None:
    """The choice mentioned first; of those at the same place, the longest."""
    places = [(at, -len(choice), choice) for choice in choices if (at := mention(text, choice)) >= 0]
    return min(places)[2] if places else None


def mention(text: str, choice: str) -> int:
    """Where a choice stands in a text as whole words, ignoring case; -1 if nowhere."""
    folded, wanted = text.casefold(), choice.strip().casefold()
    at = folded.find(wanted) if len(wanted) <= LONGEST_MENTION else -1
    while at >= 0:
        end = at + len(wanted)
        if not (at and WORD_LETTER.match(folded, at - 1)) and not WORD_LETTER.match(folded, end):
            return at
        # Inside a word no mention can begin: going on after it keeps this linear, whatever the texts are.
        after = NO_WORD_LETTER.search(folded, at)
        at = folded.find(wanted, after.end()) if after else -1
    return -1


def distractor_mentions(text: str, answer: str | None, choices: Sequence[str]) -> int:
    """How many choices other than the student's answer the explanation mentions."""
    others = {choice.strip().casefold() for choice in choices if not is_same_answer(choice, answer or "")}
    return sum(mention(text, choice) >= 0 for choice in others)


def wilson_interval(right: int, total: int) -> tuple[float, float]:
    """The 95 % interval of a share, after Wilson (1927). Raises: ValueError for no share."""
    if not 0 <= right <= total or total == 0:
        raise ValueError("expected 0 <= right <= total, and total above 0")
    share, z2 = right / total, Z95**2
    centre = (share + z2 / (2 * total)) / (1 + z2 / total)
    half = Z95 * sqrt(share * (1 - share) / total + z2 / (4 * total**2)) / (1 + z2 / total)
    return max(0.0, centre - half), min(1.0, centre + half)
