"""Which choice a model finds likeliest, whatever it writes: log p(choice | input, what precedes it).

What precedes is the output up to the marker that answers are read after: nothing but the marker for a student
that answers first, its own explanation for one that explains first.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from rich.progress import track

from app.contract.student import Reader, Step, Way
from app.students.asking import input_tokens
from app.students.loading import Student
from app.students.told import Told
from training.batches import make_batch, pack, shared_length
from training.data import Example
from training.rows import Row, Special, special_tokens, token_losses


@dataclass(frozen=True)
class Scorer:
    """A student, and the way in which it was asked."""

    student: Student
    way: Way
    batch_size: int
    is_shown: bool = True  # progress

    @property
    def special(self) -> Special:
        return special_tokens(self.student.model, self.student.tokenizer)


@dataclass(frozen=True)
class Likeliest:
    """The choice of the highest sum, and of the highest mean, of its tokens' log-probabilities."""

    by_sum: str
    by_mean: str


@dataclass(frozen=True)
class Scored:
    """A choice as a row; the first `given` tokens of its target are every choice's and do not count."""

    row: Row
    given: int

    @property
    def length(self) -> int:
        return len(self.row.target) - self.given


def likeliest_choices(scorer: Scorer, examples: Sequence[Example], told: Sequence[Told]) -> list[Likeliest]:
    """In the order of the questions."""
    rows = [choice_rows(scorer, example, one) for example, one in zip(examples, told, strict=True)]
    found = zip(examples, rows, score_all(scorer, rows), strict=True)
    return [pick(example.choices, several, scores) for example, several, scores in found]


def choice_rows(scorer: Scorer, example: Example, told: Told) -> list[Scored]:
    """A row for each choice, in the order of the choices."""
    # Steps up to this one need no answer, so all of them were taken. Names may come twice.
    at, step = next((at, step) for at, step in enumerate(scorer.way.steps) if "answer" in step.read)
    turn = told.turns[at]
    tokenizer = scorer.student.tokenizer
    # Where an output goes on after its answer, it does not end there.
    end = [scorer.special.end] if step.read["answer"].before is None else []
    outputs = endings(step, example.choices, turn.output)
    targets = [(*tokenizer(output, add_special_tokens=False).input_ids, *end) for output in outputs]
    given, asking = shared_length(targets), tuple(input_tokens(tokenizer, scorer.way, turn.input))
    return [Scored(Row(0, asking, target), given) for target in targets]


def endings(step: Step, choices: Sequence[str], output: str) -> list[str]:
    """For each choice, the output that would be read as it."""
    reader = step.read["answer"]
    before = preceding(reader, output)
    return [before + choice + closing(reader) for choice in choices]


def preceding(reader: Reader, output: str) -> str:
    """The output up to its marker; if the marker is not there, the marker is added."""
    if reader.after is not None:
        return output[: max(0, output.find(reader.after))] + reader.after
    if reader.after_last is None:
        return ""
    if (at := output.rfind(reader.after_last)) >= 0:
        return output[:at] + reader.after_last
    return f"{output.rstrip()} ".lstrip() + reader.after_last


def closing(reader: Reader) -> str:
    """What follows an answer: the marker it is read up to, or the full stop that is stripped off it."""
    if reader.before is not None:
        return reader.before.rstrip()  # a space belongs to the word that follows
    return "." if "." in (reader.strip or "") else ""


def pick(choices: Sequence[str], rows: Sequence[Scored], scores: Sequence[float]) -> Likeliest:
    """The first of equals."""
    means = [score / scored.length for score, scored in zip(scores, rows, strict=True)]
    places = range(len(choices))
    by_sum, by_mean = max(places, key=scores.__getitem__), max(places, key=means.__getitem__)
    return Likeliest(choices[by_sum], choices[by_mean])


def score_all(scorer: Scorer, questions: Sequence[Sequence[Scored]]) -> list[list[float]]:
    """For each question, the sum of its own tokens' log-probabilities of each row."""
    lengths = [max(len(scored.row) for scored in rows) for rows in questions]
    order = sorted(range(len(questions)), key=lambda number: (-lengths[number], number))
    at_once = max(1, scorer.batch_size // max(map(len, questions), default=1))
    found: dict[int, list[float]] = {}
    with torch.inference_mode():
        for at in track(range(0, len(order), at_once), "likelihood", disable=not scorer.is_shown):
            numbers = order[at : at + at_once]
            scores = score_batch(scorer, [questions[number] for number in numbers])
            found |= dict(zip(numbers, scores, strict=True))
    return [found[number] for number in range(len(questions))]


def score_batch(scorer: Scorer, questions: Sequence[Sequence[Scored]]) -> list[list[float]]:
    packs = [one for rows in questions for one in pack([scored.row for scored in rows], scorer.special)]
    batch = {
        name: tensor.to(scorer.student.model.device)
        for name, tensor in make_batch(packs, scorer.special).items()
    }
    losses, _ = token_losses(scorer.student.model, batch)  # (N,), row by row
    by_row = iter(losses.cpu().split([len(scored.row.target) for rows in questions for scored in rows]))
    return [[-next(by_row)[scored.given :].sum().item() for scored in rows] for rows in questions]
