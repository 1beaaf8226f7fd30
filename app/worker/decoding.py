"""Greedy decoding of many inputs at once: rows that are finished make room for the next at once.

Each of a few slots writes one text. All slots share one column of the key-value cache per step: an input is
put in so that it ends at the current column, whatever its length, and positions are counted per slot. What a
slot has in columns before its start is masked. Models for which this is not known to hold go through
transformers' own `generate`, in batches padded on the left.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from transformers import DynamicCache
from transformers.cache_utils import Cache

from app.worker.packing import PACKED_TOKENS, groups, pack, shared_tokens

SLOTS = 64
REFILL = 8  # so many free slots are filled at once: one input at a time would read all weights for each
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
    keep_going: Callable[[], None] = lambda: None  # called at every step; raises to stop everything


def decode(model: Any, inputs: Sequence[list[int]], limits: Limits) -> list[Decoded]:  # noqa: ANN401  # untyped library
    """The texts of all inputs, in their order."""
    if not inputs:
        return []
    with torch.inference_mode():
        if is_slotted(model.config):
            return SlottedDecoder(model, inputs, limits).run()
        return decode_padded(model, inputs, limits)


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

    def shift(self, by: int) -> None:
        """Drop the first `by` columns, which no slot needs any more."""
        for pair in self.stored:
            for stored in pair:
                stored[:, :, : self.now - by] = stored[:, :, by : self.now].clone()
        self.now -= by


@dataclass
class Slot:
    """One text being written: which input it continues, and where its columns begin."""

    number: int
    start: int
    position: int
    tokens: list[int] = field(default_factory=list)


class SlottedDecoder:
    def __init__(self, model: Any, inputs: Sequence[list[int]], limits: Limits) -> None:  # noqa: ANN401  # transformers ships no types
        self.model, self.inputs, self.limits = model, inputs, limits
        self.device = model.device
        self.waiting = sorted(range(len(inputs)), key=lambda number: (len(inputs[number]), -number))
        self.longest = len(inputs[self.waiting[-1]])
        self.shared = shared_tokens(inputs)
        self.most = min(SLOTS, len(inputs))
        # Where slots are filled again, room for one text after another before columns in front are dropped.
        texts = 2 if len(inputs) > self.most else 1
        self.cache = SlotCache(self.most, self.longest + texts * limits.max_new_tokens + 1)
        self.cache.now = self.longest
        self.slots: list[Slot] = []
        self.decoded: dict[int, Decoded] = {}

    def run(self) -> list[Decoded]:
        while self.waiting or self.slots:
            self.limits.keep_going()
            free = min(self.most - len(self.slots), len(self.waiting))
            if free and (free >= min(REFILL, len(self.waiting)) or not self.slots):
                self.fill(free)
            if self.slots:
                self.step()
        return [self.decoded[number] for number in range(len(self.inputs))]

    def fill(self, count: int) -> None:
        """Put the next inputs, the longest of those left, into free slots and take their first tokens."""
        numbers = [self.waiting.pop() for _ in range(count)]
        lengths = [len(self.inputs[number]) - self.shared for number in numbers]
        for some in groups(numbers, lengths, PACKED_TOKENS[self.device.type]):
            self.fill_from(some)

    def fill_from(self, numbers: Sequence[int]) -> None:
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
            length = len(columns)
            self.cache.put(len(self.slots), read, columns)
            self.slots.append(Slot(number, self.cache.now - length, length))
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
            position_ids=torch.tensor([[slot.position] for slot in slots], device=self.device),
            cache=cache,
            use_cache=True,
        )
        cache.now += 1
        for slot in slots:
            slot.position += 1
        self.accept(output.logits[:, -1].argmax(dim=-1).tolist(), 0)
        if cache.now == cache.columns:
            self.make_room()

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

    def make_room(self) -> None:
        """Drop the columns in front of the earliest start, but keep room for the longest input."""
        earliest = min((slot.start for slot in self.slots), default=self.cache.now)
        by = min(earliest, self.cache.now - self.longest)
        self.cache.shift(by)
        for slot in self.slots:
            slot.start -= by


def pad_left(inputs: Sequence[list[int]], device: Any, pad: int = 0) -> tuple[Tensor, Tensor]:  # noqa: ANN401  # transformers ships no types
    """Ids and mask, both (n, P), with the padding on the left."""
    longest = max(map(len, inputs))
    ids = torch.tensor([[pad] * (longest - len(one)) + list(one) for one in inputs], device=device)
    mask = torch.tensor([[0] * (longest - len(one)) + [1] * len(one) for one in inputs], device=device)
    return ids, mask


def decode_padded(model: Any, inputs: Sequence[list[int]], limits: Limits) -> list[Decoded]:  # noqa: ANN401  # transformers ships no types
    """The library's own loop, longest inputs first, in batches of as many as there are slots."""
    order = sorted(range(len(inputs)), key=lambda number: (-len(inputs[number]), number))
    pad = model.generation_config.pad_token_id
    pad = min(limits.end_tokens) if pad is None else pad
    found: dict[int, Decoded] = {}
    for at in range(0, len(order), SLOTS):
        limits.keep_going()
        numbers = order[at : at + SLOTS]
        ids, mask = pad_left([inputs[number] for number in numbers], model.device, pad)
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
        for number, row in zip(numbers, output[:, skipped:].tolist(), strict=True):
            found[number] = cut(row, limits)
    return [found[number] for number in range(len(inputs))]


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
