"""Layout, masks, positions and losses of batches; rows that share a question are as they would be alone."""

from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn.functional import cross_entropy
from transformers import AutoModelForCausalLM, GPT2Config, LlamaConfig, Qwen2Config, Qwen3Config

from tests.training.tiny import make_base
from training.batches import Pack, divide, make_batch, pack
from training.config import BaseConfig
from training.models import load_base
from training.rows import (
    IGNORED,
    SHARING,
    Row,
    Special,
    can_share,
    count_targets,
    special_tokens,
    token_losses,
)

ROWS = [Row(0, (5, 6, 7), (8, 1)), Row(1, (5, 6, 9, 4), (10, 11, 1))]
OTHER = Row(1, (9,), (10, 11, 1))
APART, SHARED, BOTH = Special(0, 1, None), Special(0, 1, None, shares=True), Special(0, 1, 0)
TINY = {
    "vocab_size": 40,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
}
CONFIGS = {one.model_type: one for one in (LlamaConfig, Qwen2Config, Qwen3Config)}


def test_rows_that_share_nothing_are_padded_on_the_left_and_only_targets_count() -> None:
    batch = make_batch(pack([ROWS[0], OTHER], APART), APART)
    assert batch["input_ids"].tolist() == [[5, 6, 7, 8], [0, 9, 10, 11]]
    assert batch["attention_mask"].tolist() == [[1, 1, 1, 1], [0, 1, 1, 1]]
    assert batch["position_ids"].tolist() == [[0, 1, 2, 3], [0, 0, 1, 2]]
    assert batch["targets"].tolist() == [[IGNORED, 8, 1], [10, 11, 1]]
    assert batch["tasks"].tolist() == [[0, 0, 0], [1, 1, 1]]


def test_rows_that_share_a_question_hold_it_once_and_end_with_what_predicts_their_targets() -> None:
    [both] = pack(ROWS, SHARED)
    batch = make_batch([both, Pack((OTHER,))], SHARED)
    assert len(both) == 8
    assert batch["input_ids"].tolist()[0] == [5, 6, 9, 7, 8, 4, 10, 11]
    assert batch["position_ids"].tolist()[0] == [0, 1, 2, 2, 3, 3, 4, 5]
    assert batch["targets"].tolist() == [[8, 1, 10, 11, 1], [IGNORED, IGNORED, 10, 11, 1]]
    assert batch["tasks"].tolist() == [[0, 0, 1, 1, 1], [0, 0, 1, 1, 1]]
    sees = batch["attention_mask"][0, 0]
    assert [row.nonzero().flatten().tolist() for row in sees] == [
        [0],
        [0, 1],
        [0, 1, 2],
        [0, 1, 3],
        [0, 1, 3, 4],
        [0, 1, 2, 5],
        [0, 1, 2, 5, 6],
        [0, 1, 2, 5, 6, 7],
    ]


def test_rows_that_have_little_in_common_stay_apart() -> None:
    begun_alike = [Row(0, (5, 6, 7, 8, 9), (1,)), Row(1, (5, 6, 9, 4, 3), (1,))]
    assert pack(begun_alike, SHARED) == [Pack((row,)) for row in begun_alike]
    assert pack(ROWS, APART) == [Pack((row,)) for row in ROWS]


@pytest.mark.parametrize(
    "config,attention,shares",
    [
        (LlamaConfig(**TINY), "sdpa", True),
        (LlamaConfig(**TINY), "eager", False),
        (Qwen2Config(**TINY, use_sliding_window=True, sliding_window=8), "sdpa", False),
        (GPT2Config(vocab_size=40, n_embd=32, n_layer=1, n_head=2), "sdpa", False),
    ],
)
def test_rows_share_only_in_models_whose_attention_is_the_masks(
    config: Any,
    attention: str,
    shares: bool,  # noqa: FBT001  # what pytest gives
) -> None:
    model = AutoModelForCausalLM.from_config(config, attn_implementation=attention)
    assert can_share(model.config) is shares


def test_an_encoder_decoders_targets_are_shifted_by_one_and_end_with_the_end_token() -> None:
    batch = make_batch(pack([ROWS[0], OTHER], BOTH), BOTH)
    assert batch["input_ids"].tolist() == [[5, 6, 7], [9, 0, 0]]
    assert batch["attention_mask"].tolist() == [[1, 1, 1], [1, 0, 0]]
    assert batch["decoder_input_ids"].tolist() == [[0, 8, 0], [0, 10, 11]]
    assert batch["targets"].tolist() == [[8, 1, IGNORED], [10, 11, 1]]
    assert batch["tasks"].tolist() == [[0, 0, 0], [1, 1, 1]]


def test_a_steps_packs_are_divided_by_length_and_none_is_lost() -> None:
    packs = [Pack((Row(0, (5,) * length, (1,)),)) for length in (9, 1, 5, 3, 7)]
    assert [[len(one) for one in part] for part in divide(packs, 2)] == [[1, 3], [5, 7, 9]]
    assert [len(part) for part in divide(packs, 5)] == [1] * 5
    assert count_targets([*ROWS, ROWS[1]], 3).tolist() == [2, 6, 0]


@pytest.mark.parametrize("kind", ["llama", "t5"])
def test_losses_of_a_loaded_model_are_those_of_each_row_alone(tmp_path: Path, kind: str) -> None:
    loaded = load_base(BaseConfig(source="path", id="tiny", path=make_base(tmp_path / kind, kind)))
    model, special = loaded.model.eval(), special_tokens(loaded.model, loaded.tokenizer)
    assert special.shares == (kind == "llama")
    assert_as_alone(model, special, [ROWS, [OTHER]])


@pytest.mark.parametrize("kind", sorted(SHARING))
def test_every_kind_of_model_that_shares_finds_the_losses_and_gradients_of_each_row_alone(kind: str) -> None:
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(CONFIGS[kind](**TINY), attn_implementation="sdpa").eval()
    assert_as_alone(model, SHARED, [ROWS, [OTHER]])
    together = gradient(model, batched_losses(model, SHARED, [ROWS, [OTHER]]))
    alone = gradient(model, torch.cat([losses_of(model, row) for row in [*ROWS, OTHER]]))
    assert torch.allclose(together, alone, atol=1e-5)


tokens = st.lists(st.integers(2, 39), min_size=1, max_size=6).map(tuple)
rows = st.builds(Row, st.integers(0, 3), tokens, tokens)


@given(questions=st.lists(st.tuples(tokens, st.lists(rows, min_size=1, max_size=4)), min_size=1, max_size=3))
def test_any_questions_rows_have_the_losses_they_have_alone(
    questions: list[tuple[tuple[int, ...], list[Row]]],
) -> None:
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(LlamaConfig(**TINY), attn_implementation="sdpa").eval()
    begun = [
        [Row(row.task, start + row.input, row.target) for row in several] for start, several in questions
    ]
    assert_as_alone(model, SHARED, begun)


def assert_as_alone(model: Any, special: Special, questions: list[list[Row]]) -> None:
    losses, tasks = token_losses(
        model, make_batch([one for several in questions for one in pack(several, special)], special)
    )
    flat = [row for several in questions for row in several]
    assert tasks.tolist() == [row.task for row in flat for _ in row.target]
    assert torch.allclose(losses, torch.cat([losses_of(model, row) for row in flat]), atol=1e-5)


def batched_losses(model: Any, special: Special, questions: list[list[Row]]) -> torch.Tensor:
    packs = [one for several in questions for one in pack(several, special)]
    return token_losses(model, make_batch(packs, special))[0]


def gradient(model: Any, losses: torch.Tensor) -> torch.Tensor:
    model.zero_grad()
    losses.sum().backward()
    return torch.cat([one.grad.flatten() for one in model.parameters()])


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
