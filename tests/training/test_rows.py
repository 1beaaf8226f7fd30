"""Masks, positions and losses of batches; and that a question is asked in the tokens it was trained on."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn.functional import cross_entropy

from tests.training.tiny import make_base, make_lesson
from tests.worker.students import make_tokenizer
from training.asking import Asked, ask_all
from training.config import BaseConfig
from training.methods import TaskRow, find_method
from training.models import Loaded, load_base
from training.rows import IGNORED, Row, Special, count_targets, divide, encode, make_batch, token_losses
from training.rows import special_tokens as specials
from training.wording import make_wording

ROWS = [Row(0, (5, 6, 7), (8, 1)), Row(1, (9,), (10, 11, 1))]
DECODER, BOTH = Special(0, 1, None), Special(0, 1, 0)


def load(folder: Path, kind: str) -> Loaded:
    path = make_base(folder / kind, kind)
    return load_base(BaseConfig(source="path", id="tiny", path=path))


def test_a_decoders_batch_is_padded_on_the_left_and_only_targets_count() -> None:
    batch = make_batch(ROWS, DECODER)
    assert batch["input_ids"].tolist() == [[5, 6, 7, 8, 1], [0, 9, 10, 11, 1]]
    assert batch["attention_mask"].tolist() == [[1, 1, 1, 1, 1], [0, 1, 1, 1, 1]]
    assert batch["position_ids"].tolist() == [[0, 1, 2, 3, 4], [0, 0, 1, 2, 3]]
    assert batch["targets"].tolist() == [[IGNORED, 8, 1], [10, 11, 1]]
    assert batch["tasks"].tolist() == [0, 1]


def test_an_encoder_decoders_targets_are_shifted_by_one_and_end_with_the_end_token() -> None:
    batch = make_batch(ROWS, BOTH)
    assert batch["input_ids"].tolist() == [[5, 6, 7], [9, 0, 0]]
    assert batch["attention_mask"].tolist() == [[1, 1, 1], [1, 0, 0]]
    assert batch["decoder_input_ids"].tolist() == [[0, 8, 0], [0, 10, 11]]
    assert batch["targets"].tolist() == [[8, 1, IGNORED], [10, 11, 1]]


def test_a_target_is_its_text_and_the_end_token() -> None:
    way = make_wording("plain", {}).two_steps(has_context=False)
    tokenizer = make_tokenizer()
    row = encode(TaskRow("answer", "ab", "c"), 0, way, tokenizer)
    assert row.input == tuple(tokenizer("ab").input_ids)
    assert row.target == (*tokenizer("c").input_ids, tokenizer.eos_token_id)


@pytest.mark.parametrize("kind", ["llama", "t5"])
def test_losses_are_those_of_each_row_alone(tmp_path: Path, kind: str) -> None:
    loaded = load(tmp_path, kind)
    model = loaded.model.eval()
    losses, tasks = token_losses(model, make_batch(ROWS, specials(model, loaded.tokenizer)))
    assert tasks.tolist() == [0, 0, 1, 1, 1]
    alone = torch.cat([losses_of(model, row) for row in ROWS])
    assert torch.allclose(losses, alone, atol=1e-5)


def losses_of(model: Any, row: Row) -> torch.Tensor:
    """The plain way: one unpadded row, the library's own shift."""
    targets = torch.tensor(row.target)
    if model.config.is_encoder_decoder:
        logits = model(input_ids=torch.tensor([row.input]), labels=targets[None]).logits[0]
    else:
        ids = torch.tensor([[*row.input, *row.target]])
        logits = model(input_ids=ids).logits[0, len(row.input) - 1 : -1]
    losses: torch.Tensor = cross_entropy(logits, targets, reduction="none")
    return losses


def test_a_steps_rows_are_divided_by_length_and_none_is_lost() -> None:
    rows = [Row(0, (5,) * length, (1,)) for length in (9, 1, 5, 3, 7)]
    parts = divide(rows, 2)
    assert [[len(row.input) for row in part] for part in parts] == [[1, 3], [5, 7, 9]]
    assert [len(part) for part in divide(rows, 5)] == [1] * 5
    assert count_targets([*ROWS, ROWS[1]], 3).tolist() == [2, 6, 0]


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
    special = specials(loaded.model, loaded.tokenizer)
    asked: list[tuple[int, ...]] = []
    for way in found.ways(wording, has_context=False).values():
        short = way.model_copy(
            update={"steps": tuple(step.model_copy(update={"max_new_tokens": 1}) for step in way.steps)}
        )
        model = loaded.model.eval()
        [told] = ask_all(Asked(model, loaded.tokenizer, short, special, 2, is_shown=False), [lesson.example])
        asked += [tuple(ids) for ids in told.inputs.values()]
    assert asked == training
