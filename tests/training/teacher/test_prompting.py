import hashlib
import shutil
from pathlib import Path

import pytest

from app.contract.base import InvalidFile
from app.contract.question import Question
from training.teacher.prompting import FOLDER, STAGES, fill, letter, read_prompts, values_of
from training.teacher.replies import Reply, accept, accept_argument

QUESTION = Question(
    id="q1",
    premise="A man {answer} is asleep.",
    question="He is awake.",
    choices=("yes", "no"),
    answer="no",
)


def copy_prompts(folder: Path, stage: str, before: str, after: str) -> Path:
    shutil.copytree(FOLDER, folder / "prompts")
    path = folder / f"prompts/{stage}.toml"
    path.write_text(path.read_text(encoding="utf-8").replace(before, after), encoding="utf-8")
    return folder / "prompts"


def test_every_stage_has_a_prompt_with_its_hash() -> None:
    prompts = read_prompts()
    assert tuple(prompts) == STAGES
    for stage, prompt in prompts.items():
        content = (FOLDER / f"{stage}.toml").read_bytes()
        assert prompt.sha256 == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("stage", ["explanation", "counterfactual", "revision"])
def test_every_example_is_a_reply_that_would_be_accepted(stage: str) -> None:
    examples = read_prompts()[stage].file.example
    assert len(examples) >= 2
    for example in examples:
        body = accept_argument(Reply(example.reply, "stop"), example.answer, example.choices)
        assert body != example.reply.strip(), "the answer line is missing"
        assert example.answer in example.choices


def test_every_example_of_a_critique_is_one_that_would_be_accepted() -> None:
    for example in read_prompts()["critique"].file.example:
        assert accept(Reply(example.reply, "stop")) == example.reply
        assert example.explanation


def test_explaining_and_arguing_use_the_same_questions_with_right_and_wrong_choices() -> None:
    prompts = read_prompts()
    right, wrong = prompts["explanation"].file.example, prompts["counterfactual"].file.example
    assert [each.question for each in right] == [each.question for each in wrong]
    assert all(one.answer != other.answer for one, other in zip(right, wrong, strict=True))


def test_a_prompt_is_the_system_the_examples_and_the_request() -> None:
    prompt = read_prompts()["explanation"]
    messages = prompt.messages(values_of(QUESTION, "no"))
    roles = [message["role"] for message in messages]
    assert roles == ["system", *["user", "assistant"] * len(prompt.file.example), "user"]
    # Braces of the question's own stay as they are.
    assert messages[-1]["content"] == (
        "\nContext: A man {answer} is asleep.\nQuestion: He is awake.\nChoices: (a) yes (b) no\n"
        "Right choice: no\nWhy is this choice right?"
    ).strip("\n")


def test_no_request_has_braces_left() -> None:
    values = values_of(QUESTION.model_copy(update={"premise": None}), "yes")
    for prompt in read_prompts().values():
        shown = prompt.messages(values | {"explanation": "Because.", "critique": "Short."})
        assert not [message for message in shown if "{" in message["content"]]
        assert shown[-1]["content"].startswith("Question: He is awake.")


@pytest.mark.parametrize(
    "before,after,complaint",
    [
        ("{answer}\n", "{answr}\n", "request must have each of"),
        ("{context}", "", "request must have each of"),
        ("[[example]]", "[[exampel]]", "exampel"),
        ("system =", "system", "not TOML"),
    ],
)
def test_a_prompt_that_is_wrong_is_refused(tmp_path: Path, before: str, after: str, complaint: str) -> None:
    with pytest.raises(InvalidFile, match=complaint):
        read_prompts(copy_prompts(tmp_path, "explanation", before, after))


def test_a_prompt_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidFile, match=r"explanation\.toml: there is no such file"):
        read_prompts(tmp_path)


def test_a_value_is_filled_in_once() -> None:
    assert fill("{a}{b}", {"a": "{b}", "b": "c"}) == "{b}c"


def test_letters_go_on_as_numbers() -> None:
    assert [letter(number) for number in (0, 25, 26)] == ["a", "z", "27"]
