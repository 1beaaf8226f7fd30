"""The hash of what participants see of an item."""

from collections.abc import Mapping

from app.contract.base import sha256_of

SHOWN = ("premise", "question", "choices", "answer", "explanation")


def stimulus_sha256(shown: Mapping[str, object]) -> str:
    """The hash of all that is shown; a premise takes part only where there is one."""
    return sha256_of({key: value for key, value in shown.items() if value is not None})
