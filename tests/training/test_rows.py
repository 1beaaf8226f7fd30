"""A question is asked in exactly the tokens it was trained on."""

from pathlib import Path

import pytest

from app.students.asking import ask, input_tokens
from app.students.told import Posed
from tests.training.tiny import make_base, make_lesson, make_student
from tests.worker.students import make_tokenizer
from training.config import BaseConfig
from training.methods import TaskRow, find_method
from training.models import Loaded, load_base
from training.rows import encode
from training.wording import make_wording


def load(folder: Path, kind: str) -> Loaded:
    path = make_base(folder / kind, kind)
    return load_base(BaseConfig(source="path", id="tiny", path=path))


def test_a_target_is_its_text_and_the_end_token() -> None:
    way = make_wording("plain", {}).two_steps(has_context=False)
    tokenizer = make_tokenizer()
    row = encode(TaskRow("answer", "ab", "c"), 0, way, tokenizer)
    assert row.input == tuple(tokenizer("ab").input_ids)
    assert row.target == (*tokenizer("c").input_ids, tokenizer.eos_token_id)


@pytest.mark.parametrize("preset", ["plain", "chat"])
@pytest.mark.parametrize("kind", ["llama", "t5"])
@pytest.mark.parametrize("method", ["combined", "standard"])
def test_a_question_is_asked_in_exactly_the_tokens_it_was_trained_on(
    tmp_path: Path, method: str, kind: str, preset: str
) -> None:
    loaded, wording, lesson = load(tmp_path, kind), make_wording(preset, {}), make_lesson()
    found = find_method(method)
    training = [
        encode(row, 0, wording.two_steps(has_context=False), loaded.tokenizer).input
        for row in found.collate(lesson, wording, "unrevised")
        if row.task != "counterfactual"
    ]
    asked: list[tuple[int, ...]] = []
    for name, way in found.ways(wording, has_context=False).items():
        steps = tuple(step.model_copy(update={"max_new_tokens": 1}) for step in way.steps)
        student = make_student(tmp_path / name, kind, {name: way.model_copy(update={"steps": steps})})
        example = lesson.example
        [told] = ask(student, name, [Posed(1, example.question, example.choices)])
        asked += [tuple(input_tokens(student.tokenizer, way, turn.input)) for turn in told.turns]
    assert asked == training
