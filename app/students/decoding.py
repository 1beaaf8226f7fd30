"""Greedy decoding of many inputs at once: a text that is finished makes its row free, and steps get cheaper.

Each slot writes one text. All slots share one column of the key-value cache per step: an input is put in so
that it ends at the current column, whatever its length, and positions are counted per slot. What a slot has
in columns before its start is masked. Models for which this is not known to hold go through transformers' own
`generate`, padded on the left. No other input takes a finished one's place: on a processor, steps of fewer
texts cost no more than reading inputs a few at a time.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache, GenerationConfig
from transformers.cache_utils import Cache

from app.students.packing import PACKED_TOKENS, groups, pack, shared_tokens

SLOTS = 64  # as many as a planned batch has questions
# Decoders with rotary positions and full attention, whose mask and positions can be given for each row.
SLOTTED = {"llama", "qwen2", "qwen3", "smollm3", "mistral", "olmo2"}


@dataclass(frozen=True)
class Decoded:
    tokens: list[int]  # without the end token
    is_truncated: bool


@dataclass(frozen=True)
class Limits:
    """When a text ends: at an end token, when `is_stopped` says so, or after so many tokens."""

    max_new_tokens: int
    end_tokens: frozenset[int]
    is_stopped: Callable[[list[int]], bool] = lambda _tokens: False


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How many texts are written at once, and who hears of it."""

    at_once: int = SLOTS
    keep_going: Callable[[], None] = lambda: None  # called at every step; raises to stop everything
    on_written: Callable[[int], None] = lambda _count: None  # called when so many more are finished


AT_EASE = Pace()


def decode(
    model: Any,  # noqa: ANN401  # untyped library
    inputs: Sequence[list[int]],
    limits: Limits,
    pace: Pace = AT_EASE,
) -> list[Decoded]:
    """The texts of all inputs, in their order; they are written longest first, as many at once as may be."""
    order = sorted(range(len(inputs)), key=lambda number: (-len(inputs[number]), number))
    write = write_in_slots if is_slotted(model.config) else write_padded
    found: dict[int, Decoded] = {}
    with torch.inference_mode():
        for at in range(0, len(order), pace.at_once):
            numbers = order[at : at + pace.at_once]
            texts = write(model, [inputs[number] for number in numbers], limits, pace.keep_going)
            found |= zip(numbers, texts, strict=True)
            pace.on_written(len(numbers))
    return [found[number] for number in range(len(inputs))]


def end_tokens(model: Any, tokenizer: Any) -> frozenset[int]:  # noqa: ANN401  # untyped library
    """What ends a text as far as model and tokenizer say."""
    configured = model.generation_config.eos_token_id
    several = configured if isinstance(configured, list) else [configured]
    return frozenset(token for token in [*several, tokenizer.eos_token_id] if token is not None)


def freeze_decoding(model: Any, ends: frozenset[int]) -> None:  # noqa: ANN401  # untyped library
    """Drop how its base was decoded, such as with a repetition penalty: the library would do the same."""
    before = model.generation_config
    start = before.decoder_start_token_id
    model.generation_config = GenerationConfig(
        do_sample=False,
        num_beams=1,
        eos_token_id=sorted(ends) or None,
        pad_token_id=min(ends, default=None) if before.pad_token_id is None else before.pad_token_id,
        bos_token_id=before.bos_token_id,
        decoder_start_token_id=getattr(model.config, "decoder_start_token_id", None)
        if start is None
        else start,
    )


def is_slotted(config: Any) -> bool:  # noqa: ANN401  # untyped library
    kinds = set(getattr(config, "layer_types", None) or ["full_attention"])
    window = getattr(config, "sliding_window", None) if getattr(config, "use_sliding_window", True) else None
    return config.model_type in SLOTTED and kinds == {"full_attention"} and window is None


class SlotCache(Cache):  # type: ignore[misc]  # transformers ships no types
    """Keys and values of all slots, (slots, heads, columns, size) per layer, written in place."""

    def __init__(self, slots: int, columns: int) -> None:
        super().__init__(layers=[])
        self.slots, self.columns = slots, columns
        self.stored: list[tuple[Tensor, Tensor]] = []
        self.rows, self.first, self.now = 0, 0, 0  # rows in use; the columns [first, now) hold something

    def update(self, key: Tensor, value: Tensor, layer: int, *_: Any, **__: Any) -> tuple[Tensor, Tensor]:  # noqa: ANN401  # transformers ships no types
        found = []
        for stored, new in zip(self.stored[layer], (key, value), strict=True):
            stored[: self.rows, :, self.now : self.now + 1] = new
            found.append(stored[: self.rows, :, self.first : self.now + 1])
        return found[0], found[1]

    def get_seq_length(self, _layer: int = 0) -> int:
        return self.now

    def put(self, slot: int, read: Cache, columns: Tensor) -> None:
        """Copy these columns of what was read into a slot, so that they end before the current column."""
        for layer, entry in enumerate(read.layers):
            if len(self.stored) == layer:
                _, heads, _, size = entry.keys.shape
                shape = (self.slots, heads, self.columns, size)
                self.stored.append((entry.keys.new_zeros(shape), entry.keys.new_zeros(shape)))
            for stored, new in zip(self.stored[layer], (entry.keys, entry.values), strict=True):
                stored[slot, :, self.now - len(columns) : self.now] = new[0, :, columns]

    def move(self, source: int, target: int) -> None:
        for pair in self.stored:
            for stored in pair:
                stored[target, :, self.first : self.now] = stored[source, :, self.first : self.now]


@dataclass
class Slot:
    """One text being written: which input it continues, and where its columns begin."""

    number: int
    start: int
    tokens: list[int] = field(default_factory=list)


def write_in_slots(
    model: Any,  # noqa: ANN401  # transformers ships no types
    inputs: Sequence[list[int]],
    limits: Limits,
    keep_going: Callable[[], None],
) -> list[Decoded]:
    return SlottedDecoder(model, inputs, limits).run(keep_going)


class SlottedDecoder:
    def __init__(self, model: Any, inputs: Sequence[list[int]], limits: Limits) -> None:  # noqa: ANN401  # transformers ships no types
        self.model, self.inputs, self.limits = model, inputs, limits
        self.device = model.device
        self.shared = shared_tokens(inputs)
        longest = max(map(len, inputs))
        self.cache = SlotCache(len(inputs), longest + limits.max_new_tokens)
        self.cache.now = longest
        self.slots: list[Slot] = []
        self.decoded: dict[int, Decoded] = {}

    def run(self, keep_going: Callable[[], None]) -> list[Decoded]:
        numbers = range(len(self.inputs))
        lengths = [len(one) - self.shared for one in self.inputs]
        for some in groups(numbers, lengths, PACKED_TOKENS[self.device.type]):
            keep_going()
            self.fill(some)
        while self.slots:
            keep_going()
            self.step()
        return [self.decoded[number] for number in numbers]

    def fill(self, numbers: Sequence[int]) -> None:
        """Read these inputs, put each into a slot and take its first token."""
        packed = pack([self.inputs[number] for number in numbers], self.shared, self.device)
        read = DynamicCache()
        output = self.model(
            input_ids=packed.ids,
            attention_mask=packed.mask,
            position_ids=packed.positions,
            cache=read,
            use_cache=True,
            logits_to_keep=torch.stack([columns[-1] for columns in packed.columns]),
        )
        first = len(self.slots)
        for number, columns in zip(numbers, packed.columns, strict=True):
            self.cache.put(len(self.slots), read, columns)
            self.slots.append(Slot(number, self.cache.now - len(columns)))
        self.accept(output.logits[0].argmax(dim=-1).tolist(), first)

    def step(self) -> None:
        """One token for every slot."""
        cache, slots = self.cache, self.slots
        cache.rows, cache.first = len(slots), min(slot.start for slot in slots)
        starts = torch.tensor([slot.start for slot in slots], device=self.device)
        columns = torch.arange(cache.first, cache.now + 1, device=self.device)
        output = self.model(
            input_ids=torch.tensor([[slot.tokens[-1]] for slot in slots], device=self.device),  # (B, 1)
            attention_mask=(columns >= starts[:, None])[:, None, None],  # (B, 1, 1, columns)
            position_ids=cache.now - starts[:, None],
            cache=cache,
            use_cache=True,
        )
        cache.now += 1
        self.accept(output.logits[:, -1].argmax(dim=-1).tolist(), 0)

    def accept(self, tokens: list[int], first: int) -> None:
        """Give slots from `first` on their tokens; backwards: the last takes a finished one's place."""
        for at in reversed(range(first, first + len(tokens))):
            slot, token = self.slots[at], tokens[at - first]
            has_ended = token in self.limits.end_tokens
            if not has_ended:
                slot.tokens.append(token)
                has_ended = self.limits.is_stopped(slot.tokens)
            if has_ended or len(slot.tokens) >= self.limits.max_new_tokens:
                self.decoded[slot.number] = Decoded(slot.tokens, is_truncated=not has_ended)
                last = self.slots.pop()
                if at < len(self.slots):
                    self.cache.move(len(self.slots), at)
                    self.slots[at] = last


def pad_left(inputs: Sequence[list[int]], device: Any, pad: int) -> tuple[Tensor, Tensor]:  # noqa: ANN401  # transformers ships no types
    """Ids and mask, both (n, P), with the padding on the left."""
    longest = max(map(len, inputs))
    ids = torch.tensor([[pad] * (longest - len(one)) + list(one) for one in inputs], device=device)
    mask = torch.tensor([[0] * (longest - len(one)) + [1] * len(one) for one in inputs], device=device)
    return ids, mask


def write_padded(
    model: Any,  # noqa: ANN401  # transformers ships no types
    inputs: Sequence[list[int]],
    limits: Limits,
    keep_going: Callable[[], None],
) -> list[Decoded]:
    """The library's own loop."""
    keep_going()
    pad = model.generation_config.pad_token_id
    pad = min(limits.end_tokens) if pad is None else pad
    ids, mask = pad_left(inputs, model.device, pad)
    output = model.generate(
        input_ids=ids,
        attention_mask=mask,
        do_sample=False,
        num_beams=1,
        max_new_tokens=limits.max_new_tokens,
        pad_token_id=pad,
        eos_token_id=sorted(limits.end_tokens),
    )
    skipped = 1 if model.config.is_encoder_decoder else ids.shape[1]
    return [cut(row, limits) for row in output[:, skipped:].tolist()]


def cut(row: list[int], limits: Limits) -> Decoded:
    """A row up to its end token or stop."""
    tokens: list[int] = []
    for token in row:
        if token in limits.end_tokens:
            return Decoded(tokens, is_truncated=False)
        tokens.append(token)
        if limits.is_stopped(tokens):
            return Decoded(tokens, is_truncated=False)
    return Decoded(tokens, is_truncated=True)
