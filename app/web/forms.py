"""HTML form binding: a bad field re-renders the page, it never becomes a JSON 422."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Depends, Request
from pydantic import BaseModel, ConfigDict, ValidationError

from app.contract.complaints import sentence

Form = TypeVar("Form", bound=BaseModel)


class SubmittedForm(BaseModel):
    """What a form must be once it is bound."""

    model_config = ConfigDict(frozen=True)


@dataclass(frozen=True)
class Bound(Generic[Form]):
    """A submitted form: either `value`, or `errors` by field name beside the raw `data`."""

    value: Form | None
    data: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)


async def read_form(request: Request) -> Mapping[str, str]:
    """The submitted fields; of a repeated one the last, and no files.

    Line ends arrive as CR LF by HTML's rules and are kept as LF. U+0000, which PostgreSQL cannot hold,
    is left out.
    """
    async with request.form(max_files=0) as form:
        return {
            key: value.replace("\r\n", "\n").replace("\0", "")
            for key, value in form.multi_items()
            if isinstance(value, str)
        }


FormData = Annotated[Mapping[str, str], Depends(read_form)]


def bind(form: type[Form], data: Mapping[str, str]) -> Bound[Form]:
    try:
        return Bound(form.model_validate(data), data)
    except ValidationError as error:
        messages = {str(problem["loc"][0]): said(problem) for problem in error.errors()}
        return Bound(None, data, messages)


def said(problem: Mapping[str, Any]) -> str:
    """What is wrong with a field, as a sentence of its own."""
    words = sentence(problem)
    return words if words.endswith(".") else f"{words[:1].upper()}{words[1:]}."
