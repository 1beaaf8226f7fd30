import math

import pytest
import torch

from app.contract.student import read
from tests.training.tiny import make_lesson
from training.data import Example
from training.methods import TokenLosses, Weights, find_method, method_names
from training.wording import Wording, make_wording

PLAIN = make_wording("plain", {})
BODY = "Question: Where?\nChoices: (A) bank (B) sea (C) bank "


def rows_of(method: str, **changes: object) -> list[tuple[str, str, str]]:
    rows = find_method(method).collate(make_lesson(**changes), PLAIN, "unrevised")
    return [(row.task, row.input, row.target) for row in rows]


def make_losses(names: tuple[str, ...]) -> TokenLosses:
    """Two tokens of the first task in this micro-batch, one of each other; totals of a larger step."""
    tasks = torch.tensor([0, 0, *range(1, len(names))])
    losses = torch.arange(1.0, len(tasks) + 1)  # 1, 2 | 3 | 4 | 5
    return TokenLosses(losses, tasks, torch.tensor([4, 2, 5, 10][: len(names)]), names)


def test_every_file_here_is_a_method_and_an_unknown_one_is_refused_with_their_names() -> None:
    assert method_names() == ["combined", "counterfactual", "multitask", "standard"]
    with pytest.raises(ValueError, match="combined, counterfactual, multitask, standard"):
        find_method("guessing")


def test_multitask_asks_for_the_answer_and_for_the_explanation() -> None:
    assert rows_of("multitask") == [
        ("answer", f"[predict] {BODY}", "The answer is bank."),
        ("explanation", f"[explain] {BODY}", "Money lies there."),
    ]


def test_counterfactual_uses_every_wrong_choice_once() -> None:
    example = Example("q", "Where?", ("bank", "sea", "sea", "sky"), "bank")
    said = {"sea": "Fish swim there.", "sky": "Birds fly there."}
    rows = rows_of("counterfactual", example=example, counterfactuals=said)
    body = "Question: Where?\nChoices: (A) bank (B) sea (C) sea (D) sky"
    assert rows == [
        ("factual", f"[factual] {body} ", "Money lies there. So the answer is bank."),
        ("counterfactual", f"[counterfactual] {body} Explanation: {said['sea']} ", "So the answer is sea."),
        ("counterfactual", f"[counterfactual] {body} Explanation: {said['sky']} ", "So the answer is sky."),
    ]


def test_combined_has_the_rows_of_both_and_standard_answers_first() -> None:
    assert rows_of("combined") == [*rows_of("multitask"), *rows_of("counterfactual")]
    target = "The answer is bank. Explanation: Money lies there."
    assert rows_of("standard") == [("standard", f"[answer] {BODY}", target)]


def test_revised_explanations_are_taken_when_asked_for_and_missing_ones_leave_their_row_out() -> None:
    [_, explanation] = find_method("multitask").collate(make_lesson(), PLAIN, "revised")
    assert explanation.target == "Money is kept there."
    silent = make_lesson(revised_explanation="", counterfactuals={"sea": ""})
    assert [row.task for row in find_method("combined").collate(silent, PLAIN, "revised")] == ["answer"]


def test_braces_in_questions_and_explanations_stay_as_they_are() -> None:
    example = Example("q", "What is {answer}?", ("{explanation}", "b"), "b")
    rows = find_method("combined").collate(make_lesson(example=example), PLAIN, "unrevised")
    assert all("What is {answer}?" in row.input and "(A) {explanation}" in row.input for row in rows)


@pytest.mark.parametrize(
    "method,expected",
    [
        # Means over the step: first task (1 + 2) / 4, then 3 / 2, 4 / 5, 5 / 10.
        ("standard", 0.75),
        ("multitask", 0.2 * 0.75 + 0.8 * 1.5),
        ("counterfactual", 0.7 * 0.75 + 0.3 * 1.5),
        ("combined", 0.9 * (0.2 * 0.75 + 0.8 * 1.5) + 0.1 * (0.7 * 0.8 + 0.3 * 0.5)),
    ],
)
def test_losses_are_weighted_means_over_each_tasks_own_tokens(method: str, expected: float) -> None:
    found = find_method(method)
    loss = found.loss(make_losses(found.TASKS), Weights(alpha=0.2, beta=0.7, gamma=0.9))
    assert math.isclose(loss.item(), expected, rel_tol=1e-6)


def test_a_task_without_tokens_adds_nothing() -> None:
    nothing = TokenLosses(
        torch.tensor([2.0]), torch.tensor([0]), torch.tensor([1, 0]), ("answer", "explanation")
    )
    assert find_method("multitask").loss(nothing, Weights(alpha=0.5)).item() == 1.0


@pytest.mark.parametrize("preset", ["plain", "chat"])
@pytest.mark.parametrize("method", ["combined", "counterfactual", "multitask", "standard"])
def test_every_method_can_be_asked_in_its_own_words_and_its_targets_are_read(
    method: str, preset: str
) -> None:
    wording, found = make_wording(preset, {}), find_method(method)
    lesson = make_lesson()
    ways = found.ways(wording, has_context=False)
    rows = {row.task: row for row in found.collate(lesson, wording, "unrevised")}
    tasks = {"answer": "answer", "explanation": "explanation", "both": "factual"} | (
        {"both": "standard"} if method == "standard" else {}
    )
    for way in ways.values():
        for step in way.steps:
            target = rows[tasks[step.name]].target
            for name, reader in step.read.items():
                said = "bank" if name == "answer" else lesson.explanation
                assert (read(reader, target).text or "").endswith(said)


def test_a_target_that_could_not_be_read_is_refused() -> None:
    with pytest.raises(ValueError, match="its answer would be read as None"):
        Wording(answer_target="I say {answer}.")
