"""A teacher that runs here: a transformers model from a folder or a GGUF file. Nothing is downloaded."""

import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from app.contract.base import InvalidFile, sha256_of, sha256_of_file
from training.teacher.prompting import Message
from training.teacher.replies import Reply

WEIGHTS = {".safetensors", ".gguf"}


class LocalTeacher:
    """Answers one request at a time. `decoding` has temperature, max_tokens and seed, as for an endpoint."""

    def __init__(self, path: Path, decoding: Mapping[str, Any]) -> None:
        self.decoding = decoding
        self.identity: Mapping[str, Any] = {"model": path.name, "weights_sha256": weights_sha256(path)}
        self.model, self.tokenizer = load(path)
        self.lock = threading.Lock()

    def ask(self, messages: list[Message]) -> Reply:
        with self.lock:
            return self.generate(self.prompt(messages))

    def prompt(self, messages: list[Message]) -> str:
        """The model's own chat template; for a model without one, plain paragraphs."""
        if self.tokenizer.chat_template:
            template = self.tokenizer.apply_chat_template
            return str(template(messages, tokenize=False, add_generation_prompt=True))
        return "\n\n".join(message["content"].strip() for message in messages) + "\n"

    def generate(self, prompt: str) -> Reply:
        import torch  # noqa: PLC0415  # only who has the training extra has it

        from app.students.decoding import end_tokens  # noqa: PLC0415  # the same

        has_template = bool(self.tokenizer.chat_template)
        ids = self.tokenizer(prompt, return_tensors="pt", add_special_tokens=not has_template).input_ids
        temperature, most = float(self.decoding["temperature"]), int(self.decoding["max_tokens"])
        sampling = {"do_sample": True, "temperature": temperature} if temperature else {"do_sample": False}
        torch.manual_seed(int(self.decoding["seed"]))
        with torch.inference_mode():
            output = self.model.generate(
                ids.to(self.model.device),
                attention_mask=torch.ones_like(ids).to(self.model.device),
                max_new_tokens=most,
                pad_token_id=self.tokenizer.pad_token_id or self.tokenizer.eos_token_id,
                **sampling,
            )
        written = output[0, ids.shape[1] :].tolist()  # (N,)
        finish = "stop" if written and written[-1] in end_tokens(self.model, self.tokenizer) else "length"
        text = str(self.tokenizer.decode(written, skip_special_tokens=True))
        return Reply(text, finish, ids.shape[1], len(written))


def load(path: Path) -> tuple[Any, Any]:
    """Raises: InvalidFile if there is no such folder or file."""
    if not path.exists():
        raise InvalidFile(f"{path}: there is no such model.")
    os.environ["HF_HUB_OFFLINE"] = "1"  # before transformers is first imported
    import torch  # noqa: PLC0415  # only who has the training extra has it

    from app.students import loading  # noqa: PLC0415  # the same

    place = loading.place_of(path)
    tokenizer = loading.load_tokenizer(loading.without_weights(place))
    model = loading.load_model(place, "decoder-only", torch.float32)
    return model.to("cuda" if torch.cuda.is_available() else "cpu").eval(), tokenizer


def weights_sha256(path: Path) -> str:
    """Of the one file, or of the names and hashes of a folder's weights."""
    if path.is_file():
        return sha256_of_file(path)
    files = sorted(file for file in path.glob("*") if file.suffix in WEIGHTS)
    return sha256_of({file.name: sha256_of_file(file) for file in files})
