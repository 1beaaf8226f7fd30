"""What a teacher's reply is worth: its text without the answer line, or the reason it is rejected."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from training.teacher.prompting import letter

THOUGHT = re.compile(r"<think>.*?</think>", re.DOTALL)
# "Answer: x" on a line of its own or after the last sentence; "The answer is x" only if x is a choice.
ANSWER_LABEL = re.compile(
    r"(?:^|\n|(?<=[.!?])\s)\W*(?:the )?(?:right |correct |final )?answer\s*:[ \t]*(.+)$", re.IGNORECASE
)
ANSWER_SENTENCE = re.compile(
    r"(?:^|\n)\W*(?:so )?the (?:right |correct |final )?answer is:?\s+(.+)$", re.IGNORECASE
)
CLAIM = (
    r"(?:answer|right choice|correct choice|best choice)\W+(?:is|would be|should be|must be)\W+(?:the |an? )?"
)
NEXT_QUESTION = re.compile(r"^\W*(?:Question|Choices)\W*:", re.MULTILINE)


class Rejected(ValueError):
    """A reply that no student should learn from; the message is the reason kept beside it."""


@dataclass(frozen=True)
class Reply:
    """What came back of one request. `finish_reason` is "stop" when the text ended by itself."""

    text: str
    finish_reason: str
    input_tokens: int = 0
    output_tokens: int = 0


def accept(reply: Reply) -> str:
    """The text of a complete reply, without a reasoning model's thoughts. Raises: Rejected."""
    text = THOUGHT.sub("", reply.text).strip()
    if reply.finish_reason == "length":
        raise Rejected("runs on: cut off at the token limit")
    if reply.finish_reason == "content_filter":
        raise Rejected("stopped by the endpoint's content filter")
    if NEXT_QUESTION.search(text):
        raise Rejected("runs on: goes on to a question of its own")
    if not any(character.isalnum() for character in text):
        raise Rejected("empty")
    return text


def accept_argument(reply: Reply, argued: str, choices: Sequence[str]) -> str:
    """The explanation without its answer line, if it argues for this choice. Raises: Rejected."""
    body, claimed = without_answer_line(accept(reply), choices)
    if claimed is not None and not names(claimed, argued, choices):
        raise Rejected(f"contradicts the answer: ends with '{claimed}', not '{argued}'")
    for choice in claims(body, choices):
        if plain(choice) != plain(argued):
            raise Rejected(f"contradicts the answer: says that it is '{choice}', not '{argued}'")
    if not any(character.isalnum() for character in body):
        raise Rejected("empty")
    return body


def without_answer_line(text: str, choices: Sequence[str]) -> tuple[str, str | None]:
    """Split off the end if it names the answer."""
    found = ANSWER_LABEL.search(text)
    if found is None:
        found = ANSWER_SENTENCE.search(text)
        if found is None or not any(names(found[1], choice, choices) for choice in choices):
            return text, None
    return text[: found.start()].strip(), found[1].strip()


def names(claimed: str, argued: str, choices: Sequence[str]) -> bool:
    """Whether an answer line names this choice: by its text, its letter, or both."""
    marks = {letter(number) for number, choice in enumerate(choices) if plain(choice) == plain(argued)}
    said = plain(claimed)
    marked = re.match(r"\(?(\w+)\)[\s:.]*(.*)", claimed.strip(" *\"'"))
    if marked and marked[1].lower() in marks and (not marked[2] or plain(marked[2]) == plain(argued)):
        return True
    return said == plain(argued) or said in marks


def claims(body: str, choices: Sequence[str]) -> Iterator[str]:
    """Yield every choice that the text itself calls the answer; the longest one where several fit."""
    ordered = sorted(choices, key=len, reverse=True)
    listed = "|".join(re.escape(choice.strip()) for choice in ordered)
    for found in re.finditer(rf"{CLAIM}({listed})(?!\w)", body, re.IGNORECASE):
        yield next((choice for choice in ordered if plain(choice) == plain(found[1])), found[1])


def plain(text: str) -> str:
    """A choice as it is compared: without case, quotes and the punctuation around it."""
    return re.sub(r"\s+", " ", text.replace("’", "'")).strip(" .,;:!?*_\"'“”()[]").casefold()
