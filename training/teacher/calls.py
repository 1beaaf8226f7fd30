"""The calls of a teacher run: asked once, judged, and on disk before anything else happens."""

import fcntl
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from app.contract.base import InvalidFile, sha256_of
from app.contract.question import Question
from training.teacher.config import Price
from training.teacher.endpoint import RequestRefused, Teacher
from training.teacher.json_log import JsonLog
from training.teacher.prompting import Message, Prompt, values_of
from training.teacher.replies import Rejected, Reply, accept, accept_argument

Key = tuple[str, str, str, str]  # question, stage, the choice argued for, hash of the request
Judge = Callable[[Reply], str]


@dataclass
class Spent:
    """Tokens over all runs of this output, those of rejected replies included."""

    input_tokens: int = 0
    output_tokens: int = 0

    def words(self, price: Price) -> str:
        cost = price.of(self.input_tokens, self.output_tokens)
        priced = f", cost {cost:.4f}" if cost else ""
        return f"{self.input_tokens:,} + {self.output_tokens:,} tokens{priced}"


class Calls:
    """The files of one output. Only one process at a time may have them. Raises: InvalidFile."""

    def __init__(self, out: Path) -> None:
        self.files = ExitStack()
        try:
            self.lock_file(out)
            self.rows = self.files.enter_context(JsonLog(out))
            self.accepted_log = self.files.enter_context(JsonLog(out.with_suffix(".calls.jsonl")))
            self.rejected_log = self.files.enter_context(JsonLog(out.with_suffix(".rejects.jsonl")))
        except (InvalidFile, OSError):
            self.files.close()
            raise
        logs = (self.rows, self.accepted_log, self.rejected_log)
        self.repaired_bytes = sum(log.repaired_bytes for log in logs)
        self.row_ids = {str(row["id"]) for row in self.rows.rows}
        self.lock = threading.Lock()
        self.accepted: dict[Key, str] = {}
        self.rejected: set[Key] = set()
        self.reasons: Counter[str] = Counter()
        self.spent = Spent()
        self.by_question: dict[str, Spent] = {}
        for row in (*self.accepted_log.rows, *self.rejected_log.rows):
            self.note(row)

    def lock_file(self, out: Path) -> None:
        out.parent.mkdir(parents=True, exist_ok=True)
        stream = self.files.enter_context(out.with_suffix(".lock").open("w"))
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise InvalidFile(f"{out}: another run is writing it.") from error

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.files.close()

    def note(self, row: Mapping[str, Any]) -> None:
        """Count one line of either log."""
        key = (row["id"], row["stage"], row["choice"], row["request_sha256"])
        if "reason" in row:
            self.rejected.add(key)
            self.reasons[row["reason"].partition(":")[0]] += 1
        else:
            self.accepted[key] = row["text"]
        for spent in (self.spent, self.by_question.setdefault(row["id"], Spent())):
            spent.input_tokens += row["tokens"]["input"]
            spent.output_tokens += row["tokens"]["output"]

    def write(self, row: dict[str, Any]) -> None:
        """Keep a call; a rejected one has a reason."""
        (self.rejected_log if "reason" in row else self.accepted_log).append(row)
        with self.lock:
            self.note(row)

    def write_row(self, row: dict[str, Any]) -> None:
        with self.lock:
            if row["id"] not in self.row_ids:
                self.rows.append(row)
                self.row_ids.add(row["id"])


class Asker:
    """Asks what has not been asked yet. Every method's None means: rejected, now or in an earlier run."""

    def __init__(
        self, teacher: Teacher, prompts: Mapping[str, Prompt], calls: Calls, decoding: Mapping[str, Any]
    ) -> None:
        self.teacher, self.prompts, self.calls, self.decoding = teacher, prompts, calls, decoding

    def argument(
        self, stage: str, question: Question, argued: str, shown: Mapping[str, str] | None = None
    ) -> str | None:
        """An explanation that argues for one choice."""
        values = values_of(question, argued) | dict(shown or {})
        messages = self.prompts[stage].messages(values)
        key = (question.key, stage, argued, self.request_sha256(messages))
        return self.once(key, messages, lambda reply: accept_argument(reply, argued, question.choices))

    def critique(self, question: Question, explanation: str) -> str | None:
        values = values_of(question, question.answer) | {"explanation": explanation}
        messages = self.prompts["critique"].messages(values)
        key = (question.key, "critique", question.answer, self.request_sha256(messages))
        return self.once(key, messages, accept)

    def request_sha256(self, messages: list[Message]) -> str:
        """Only the very same request counts as asked: another prompt, model or decoding is asked anew."""
        return sha256_of([dict(self.teacher.identity), dict(self.decoding), messages])

    def once(self, key: Key, messages: list[Message], judge: Judge) -> str | None:
        """Raises: EndpointError, NoAnswer or Stopped."""
        if key in self.calls.accepted or key in self.calls.rejected:
            return self.calls.accepted.get(key)
        try:
            reply = self.teacher.ask(messages)
        except RequestRefused as error:
            self.calls.write(self.line(key, Reply("", "refused")) | {"reason": f"refused: {error}"})
            return None
        try:
            text = judge(reply)
        except Rejected as error:
            self.calls.write(self.line(key, reply) | {"reason": str(error)})
            return None
        self.calls.write(self.line(key, reply) | {"text": text})
        return text

    def line(self, key: Key, reply: Reply) -> dict[str, Any]:
        return {
            "id": key[0],
            "stage": key[1],
            "choice": key[2],
            "text": reply.text,
            "finish_reason": reply.finish_reason,
            "tokens": {"input": reply.input_tokens, "output": reply.output_tokens},
            "model": dict(self.teacher.identity),
            "prompt_sha256": self.prompts[key[1]].sha256,
            "decoding": dict(self.decoding),
            "request_sha256": key[3],
        }

    def provenance(self, question: Question) -> dict[str, Any]:
        """What a row says of its making; the tokens are all that were spent on the question."""
        spent = self.calls.by_question.get(question.key, Spent())
        return {
            **self.teacher.identity,
            "prompts_sha256": {stage: prompt.sha256 for stage, prompt in self.prompts.items()},
            "decoding": dict(self.decoding),
            "tokens": {"input": spent.input_tokens, "output": spent.output_tokens},
        }
