import pytest

from training.teacher.replies import Rejected, Reply, accept, accept_argument

CHOICES = ("fridge", "ice cream", "ice", "oven")


def argue(text: str, argued: str = "fridge", choices: tuple[str, ...] = CHOICES) -> str:
    return accept_argument(Reply(text, "stop"), argued, choices)


@pytest.mark.parametrize(
    "line",
    [
        "Answer: fridge",
        "answer: Fridge.",
        "The answer is fridge.",
        "So the answer is “fridge”.",
        "**Answer: fridge**",
        "Answer: (a) fridge",
        "Answer: a",
        "Answer: (a)",
    ],
)
def test_an_answer_line_for_the_right_choice_is_taken_off(line: str) -> None:
    assert argue(f"Cold keeps milk fresh.\n\n{line}") == "Cold keeps milk fresh."


def test_an_answer_right_after_the_last_sentence_is_taken_off() -> None:
    assert argue("Cold keeps milk fresh. Answer: fridge") == "Cold keeps milk fresh."


def test_an_explanation_that_begins_with_the_answer_is_no_answer_line() -> None:
    assert argue("The answer is fridge, as cold keeps it.") == "The answer is fridge, as cold keeps it."


def test_a_reply_without_an_answer_line_is_kept_as_it_is() -> None:
    assert argue("  Cold keeps milk fresh. \n") == "Cold keeps milk fresh."


@pytest.mark.parametrize(
    "text",
    [
        "Heat keeps it.\nAnswer: oven",
        "Heat keeps it.\nAnswer: (d) oven",
        "Heat keeps it.\nAnswer: d",
        "Heat keeps it.\nAnswer: none of these",
        "Some say so, but the correct answer is oven, since it is warm.",
        'The answer is "ice", of course.',
        "The right choice would be the oven here.\nAnswer: fridge",
    ],
)
def test_a_reply_that_argues_for_another_choice_contradicts_the_answer(text: str) -> None:
    with pytest.raises(Rejected, match="contradicts the answer"):
        argue(text)


def test_the_longest_choice_that_fits_is_the_one_that_is_meant() -> None:
    assert argue("So the answer is ice cream, which melts.", "ice cream").startswith("So the answer")
    with pytest.raises(Rejected, match="says that it is 'ice cream', not 'ice'"):
        argue("So the answer is ice cream, which melts.", "ice")


@pytest.mark.parametrize("text", ["The answer is not oven: it is too hot.", "An oven is no answer."])
def test_a_choice_that_is_ruled_out_is_no_contradiction(text: str) -> None:
    assert argue(text) == text


@pytest.mark.parametrize("line", ["Answer: b", "Answer: a"])
def test_either_letter_of_a_choice_that_is_there_twice_names_it(line: str) -> None:
    assert argue(f"Cars cross it.\n{line}", "bridge", ("bridge", "bridge", "river")) == "Cars cross it."


@pytest.mark.parametrize("text", ["", " \n", "…", "Answer: fridge", "<think>Hm.</think>"])
def test_a_reply_without_words_is_empty(text: str) -> None:
    with pytest.raises(Rejected, match="empty"):
        argue(text)


def test_a_reply_that_was_cut_off_runs_on() -> None:
    with pytest.raises(Rejected, match="runs on: cut off"):
        accept(Reply("Cold keeps", "length"))


def test_a_reply_that_asks_a_question_of_its_own_runs_on() -> None:
    with pytest.raises(Rejected, match="runs on: goes on"):
        accept(Reply("Cold keeps it.\n\nQuestion: What is hot?\nChoices: a, b", "stop"))


def test_a_filtered_reply_is_rejected() -> None:
    with pytest.raises(Rejected, match="content filter"):
        accept(Reply("Cold", "content_filter"))


def test_a_reasoning_models_thoughts_are_left_out() -> None:
    assert argue("<think>The answer is oven?\n\nNo.</think>\nCold keeps it.") == "Cold keeps it."
