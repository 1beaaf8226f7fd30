"""How tasks are put into words: the same object makes training inputs and targets and the manifest's `ask`.

Training and asking both go through `Way`, `fill` and `question_values` of the student contract, so a student
is asked in exactly the words it was trained on.
"""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from app.contract.student import Reader, Step, Way, fill, question_values, read
from training.data import Example

SAMPLE = {"answer": "St. Paul, Mn.", "explanation": "It lies there. So it must be so."}


class Wording(BaseModel):
    """Templates of inputs and targets; {body} is the question with its choices, and its context if any."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Literal["plain", "chat"] = "plain"
    system: str | None = None
    chat_template_args: dict[str, JsonValue] = {}
    add_special_tokens: bool = True
    choice_style: str = "({letter}) {text}"
    choice_separator: str = " "
    body: str = "Question: {question}\nChoices: {choices}"
    body_with_context: str = "Premise: {premise}\nHypothesis: {question}\nChoices: {choices}"

    standard: str = "[answer] {body} "
    predict: str = "[predict] {body} "
    explain: str = "[explain] {body} "
    factual: str = "[factual] {body} "
    counterfactual: str = "[counterfactual] {body} Explanation: {explanation} "

    standard_target: str = "The answer is {answer}. Explanation: {explanation}"
    answer_target: str = "The answer is {answer}."
    explanation_target: str = "{explanation}"
    factual_target: str = "{explanation} So the answer is {answer}."
    counterfactual_target: str = "So the answer is {answer}."

    answer_reader: Reader = Reader(after="The answer is ", strip=" .\n")
    explanation_reader: Reader = Reader(strip=" \n", first_paragraph=True)
    standard_readers: dict[Literal["answer", "explanation"], Reader] = {
        "answer": Reader(after="The answer is ", before=". Explanation: ", strip=" .\n"),
        "explanation": Reader(after=". Explanation: ", strip=" \n", first_paragraph=True),
    }
    factual_readers: dict[Literal["answer", "explanation"], Reader] = {
        "explanation": Reader(before="So the answer is ", strip=" \n"),
        "answer": Reader(after_last="So the answer is ", strip=" .\n"),
    }
    most_answer_tokens: int = Field(32, ge=1)
    most_explanation_tokens: int = Field(200, ge=1)

    @model_validator(mode="after")
    def reads_its_own_targets(self) -> Self:
        """What a student was trained to write must be read as the answer and the explanation it holds."""
        refuse_unread(self.answer_target, {"answer": self.answer_reader})
        refuse_unread(self.standard_target, dict(self.standard_readers))
        refuse_unread(self.factual_target, dict(self.factual_readers))
        explained = read(self.explanation_reader, fill(self.explanation_target, SAMPLE)).text
        if explained is None or SAMPLE["explanation"] not in explained:
            raise ValueError(
                f"target {self.explanation_target!r}: its explanation would be read as {explained!r}"
            )
        return self

    def with_body(self, template: str, *, has_context: bool) -> str:
        return template.replace("{body}", self.body_with_context if has_context else self.body)

    def way(self, *steps: Step) -> Way:
        return Way(
            choice_style=self.choice_style,
            choice_separator=self.choice_separator,
            format=self.format,
            system=self.system,
            chat_template_args=self.chat_template_args,
            add_special_tokens=self.add_special_tokens,
            steps=steps,
        )

    def two_steps(self, *, has_context: bool) -> Way:
        """First the answer, then the explanation."""
        answer = Step(
            name="answer",
            input=self.with_body(self.predict, has_context=has_context),
            max_new_tokens=self.most_answer_tokens,
            read={"answer": self.answer_reader},
        )
        explanation = Step(
            name="explanation",
            input=self.with_body(self.explain, has_context=has_context),
            max_new_tokens=self.most_explanation_tokens,
            read={"explanation": self.explanation_reader},
        )
        return self.way(answer, explanation)

    def one_step(
        self, template: str, readers: dict[Literal["answer", "explanation"], Reader], *, has_context: bool
    ) -> Way:
        """Answer and explanation in one output."""
        both = Step(
            name="both",
            input=self.with_body(template, has_context=has_context),
            max_new_tokens=self.most_explanation_tokens + self.most_answer_tokens,
            read=readers,
        )
        return self.way(both)

    def input_of(self, template: str, example: Example, **more: str) -> str:
        """A filled input. Its placeholders are the contract's, and those of `more`."""
        way = self.two_steps(has_context=example.context is not None)
        values = question_values(way, example.question, example.choices, example.context)
        return fill(self.with_body(template, has_context=example.context is not None), values | more)


def refuse_unread(target: str, readers: dict[Literal["answer", "explanation"], Reader]) -> None:
    written = fill(target, SAMPLE)
    for name, reader in readers.items():
        if (found := read(reader, written).text) != SAMPLE[name].rstrip("." if name == "answer" else ""):
            raise ValueError(f"target {target!r}: its {name} would be read as {found!r}")


CHAT = {
    "format": "chat",
    "standard": "{body}\n\nWhich choice is right, and why? Answer with the choice, then explain it.",
    "predict": "{body}\n\nWhich choice is right? Answer with the choice.",
    "explain": "{body}\n\nExplain which choice is right and why.",
    "factual": "{body}\n\nThink about which choice is right, then answer with the choice.",
    "counterfactual": "{body}\n\nExplanation: {explanation}\n\nWhich choice does this explanation argue for?",
    "explanation_target": "The answer is {answer}. {explanation}",
}
PRESETS: dict[str, dict[str, JsonValue]] = {"plain": {}, "chat": dict(CHAT)}


def make_wording(preset: str, changes: dict[str, JsonValue]) -> Wording:
    """A preset with changes. Raises: ValueError."""
    if preset not in PRESETS:
        raise ValueError(f"there is no wording '{preset}'; there are {', '.join(PRESETS)}")
    return Wording.model_validate({**PRESETS[preset], **changes})
