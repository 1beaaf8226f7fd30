"""A definition without what people are paid by: what viewers and data packages get.

Whoever knows a completion code or SONA's credit token can be paid without taking part. The placeholders
keep the definition valid, so that it can be copied for a study of one's own, but it cannot be launched.
"""

import re
from collections.abc import Iterable
from typing import Any

PLACEHOLDER = "REDACTED"
ADDRESS = "https://redacted.invalid/"
SHORTEST_IN_TEXT = 6  # letters: a shorter code is an ordinary word somewhere


def without_payment(definition: dict[str, Any]) -> dict[str, Any]:
    """The stored definition with placeholders for codes, credit token, site and return address.

    A code that was also written into a page's text is replaced there, too.
    """
    recruitment = definition["recruitment"]
    codes = {key: value and PLACEHOLDER for key, value in (recruitment.get("codes") or {}).items()}
    address = recruitment.get("completion_url")
    hidden = {key: recruitment.get(key) and PLACEHOLDER for key in ("site", "token") if key in recruitment}
    if address:
        hidden["completion_url"] = ADDRESS + ("{code}" if "{code}" in address else "")
    secrets = [*(recruitment.get("codes") or {}).values(), recruitment.get("token"), recruitment.get("site")]
    hider = pattern_of(secrets)
    found: dict[str, Any] = definition if hider is None else hide(definition, hider)
    return found | {"recruitment": found["recruitment"] | {"codes": codes} | hidden}


def pattern_of(secrets: Iterable[str | None]) -> re.Pattern[str] | None:
    long = {re.escape(one) for one in secrets if one and len(one) >= SHORTEST_IN_TEXT}
    return re.compile(rf"(?<!\w)(?:{'|'.join(sorted(long, key=len, reverse=True))})(?!\w)") if long else None


def hide(value: Any, hider: re.Pattern[str]) -> Any:  # noqa: ANN401  # any JSON
    match value:
        case str():
            return hider.sub(PLACEHOLDER, value)
        case dict():
            return {key: hide(one, hider) for key, one in value.items()}
        case list():
            return [hide(one, hider) for one in value]
        case _:
            return value


def has_placeholder(definition: dict[str, Any]) -> bool:
    """Whether a definition still has placeholders where people's payment belongs."""
    recruitment = definition["recruitment"]
    values = [
        *(recruitment.get("codes") or {}).values(),
        *(recruitment.get(key) for key in ("site", "token")),
    ]
    return PLACEHOLDER in values or (recruitment.get("completion_url") or "").startswith(ADDRESS)
