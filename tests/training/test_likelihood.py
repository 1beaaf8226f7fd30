"""Choice likelihoods are those of a plain loop, after what the student wrote before them."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from app.contract.student import Reader, Way
from app.students.told import Told
from tests.students.plainly import logits_after
from tests.training.tiny import make_student
from training import likelihood
from training.batches import shared_length
from training.data import Example
from training.evaluate import ask_all
from training.likelihood import Likeliest, Scorer, choice_rows, endings, likeliest_choices, score_all
from training.rows import Row
from training.wording import make_wording

EXAMPLES = [
    Example(f"q{number}", f"Where is {'very ' * number}cold milk?", ("sea", "seal", "a far fridge"), "sea")
    for number in range(7)
]
WORDING = make_wording("plain", {"most_answer_tokens": 9, "most_explanation_tokens": 12})


def make_scorer(folder: Path, kind: str, way: Way, batch_size: int = 4) -> Scorer:
    return Scorer(make_student(folder, kind, {"one": way}), way, batch_size, is_shown=False)


def told_of(scorer: Scorer, examples: Sequence[Example]) -> list[Told]:
    return ask_all(scorer.student, "one", examples, scorer.batch_size)


def plain_scores(scorer: Scorer, example: Example, told: Told) -> tuple[list[float], Likeliest]:
    """One choice at a time, one token after the other, from the first that the choices do not share."""
    step, [turn, *_] = scorer.way.steps[0], told.turns
    student = scorer.student
    end = [] if step.read["answer"].before else [scorer.special.end]
    outputs = endings(step, example.choices, turn.output)
    targets = [[*student.tokenizer(text).input_ids, *end] for text in outputs]
    asked = student.tokenizer(turn.input).input_ids
    shared = next(at for at in range(99) if len({target[at] for target in targets}) > 1)
    start = [] if scorer.special.start is None else [scorer.special.start]
    sums = []
    for target in targets:
        logits = logits_after(student.model, asked, [*start, *target])
        predictions = logits[-len(target) - 1 : -1].log_softmax(-1)
        sums.append(sum(float(predictions[at, target[at]]) for at in range(shared, len(target))))
    means = [total / (len(target) - shared) for total, target in zip(sums, targets, strict=True)]
    choices = example.choices
    return sums, Likeliest(choices[sums.index(max(sums))], choices[means.index(max(means))])


def ways() -> dict[str, Way]:
    factual, standard = dict(WORDING.factual_readers), dict(WORDING.standard_readers)
    return {
        "answers first": WORDING.two_steps(has_context=False),
        "answers last": WORDING.one_step(WORDING.factual, factual, has_context=False),
        "goes on": WORDING.one_step(WORDING.standard, standard, has_context=False),
    }


@pytest.mark.parametrize("way", ["answers first", "answers last", "goes on"])
@pytest.mark.parametrize("kind", ["llama", "t5"])
def test_choice_likelihoods_are_those_of_a_plain_loop(tmp_path: Path, kind: str, way: str) -> None:
    scorer = make_scorer(tmp_path, kind, ways()[way], batch_size=5)
    told = told_of(scorer, EXAMPLES)
    expected = [plain_scores(scorer, *pair) for pair in zip(EXAMPLES, told, strict=True)]
    for example, one, (sums, _) in zip(EXAMPLES, told, expected, strict=True):
        assert score_all(scorer, [choice_rows(scorer, example, one)])[0] == pytest.approx(sums, abs=1e-4)
    assert likeliest_choices(scorer, EXAMPLES, told) == [likeliest for _, likeliest in expected]


@pytest.mark.parametrize(
    "way,output,expected",
    [
        ("answers first", "Well. The answer is oven.", "Well. The answer is sea."),
        ("answers last", "It is cold. So the answer is oven.", "It is cold. So the answer is sea."),
        ("answers last", "It is cold.", "It is cold. So the answer is sea."),
        ("answers last", "", "So the answer is sea."),
        ("goes on", "nonsense", "The answer is sea. Explanation:"),
    ],
)
def test_a_choice_is_scored_after_what_the_student_wrote_before_it(
    way: str, output: str, expected: str
) -> None:
    [step, *_] = ways()[way].steps
    assert endings(step, EXAMPLES[0].choices, output)[0] == expected


def test_of_two_steps_of_one_name_the_one_that_reads_the_answer_is_scored(tmp_path: Path) -> None:
    steps = [
        {"name": "say", "input": f"{what} {{question}}", "max_new_tokens": 3, "read": {what: {}}}
        for what in ("explanation", "answer")
    ]
    scorer = make_scorer(tmp_path, "llama", Way.model_validate({"steps": steps}))
    [told] = told_of(scorer, EXAMPLES[:1])
    asked = scorer.student.tokenizer(told.turns[1].input).input_ids
    assert all(scored.row.input == tuple(asked) for scored in choice_rows(scorer, EXAMPLES[0], told))


@pytest.mark.parametrize("kind", ["llama", "t5"])
def test_batches_change_neither_texts_nor_scores(tmp_path: Path, kind: str) -> None:
    scorer = make_scorer(tmp_path, kind, ways()["answers first"], batch_size=2)
    together = told_of(scorer, EXAMPLES)
    alone = [told_of(scorer, [example])[0] for example in EXAMPLES]
    assert [one.outputs for one in together] == [one.outputs for one in alone]
    rows = [choice_rows(scorer, *pair) for pair in zip(EXAMPLES, together, strict=True)]
    single = [[likelihood.score_batch(scorer, [[row]])[0][0] for row in several] for several in rows]
    for scores, expected in zip(score_all(scorer, rows), single, strict=True):
        assert scores == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize(
    "reader,output,before",
    [
        (Reader(after="The answer is "), "The answer is x. The answer is y.", "The answer is "),
        (Reader(after="The answer is "), "whatever", "The answer is "),
        (Reader(after_last="So it is "), "It flows. So it is x.", "It flows. So it is "),
        (Reader(after_last="So it is "), "It flows. ", "It flows. So it is "),
        (Reader(after_last="So it is "), "", "So it is "),
        (Reader(), "x", ""),
    ],
)
def test_choices_are_scored_after_what_precedes_an_answer(reader: Reader, output: str, before: str) -> None:
    assert likelihood.preceding(reader, output) == before


def test_the_likeliest_choice_is_the_first_of_equals_and_length_counts_only_what_differs() -> None:
    assert shared_length([(1, 2, 3, 4), (1, 2, 5), (1, 2, 3, 6)]) == 2
    assert shared_length([(1, 2), (1, 2)]) == 1
    rows = [likelihood.Scored(Row(0, (), target), 0) for target in ((7, 1), (8, 9, 9, 1))]
    found = likelihood.pick(("short", "long"), rows, [-2.0, -3.0])
    assert (found.by_sum, found.by_mean) == ("short", "long")
    assert likelihood.pick(("a", "b"), rows[:1] * 2, [-1.0, -1.0]).by_sum == "a"
