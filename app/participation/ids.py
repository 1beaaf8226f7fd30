"""The ids a platform puts into a link: tidied, and refused where the platform never writes such a one."""

import re
import unicodedata
from collections.abc import Mapping

from app.contract.recruitment import PLATFORM_NAMES, Platform
from app.errors import Invalid

IDS = ("external_id", "study_id", "attempt_id")
LONGEST_ID = 200
LONGEST_NUMBER = 20
# Only what is certain of a platform: refusing a form that it does use would cost somebody their pay.
FORMS: dict[Platform, tuple[re.Pattern[str], str]] = {
    "prolific": (re.compile(r"[0-9a-f]{24}"), "24 letters and digits, 0 to 9 and a to f"),
    "sona": (re.compile(rf"[0-9]{{1,{LONGEST_NUMBER}}}"), "a number"),
}
HEX_IDS: set[Platform] = {"prolific"}
NUMBERS: set[Platform] = {"sona"}


def tidy_ids(platform: Platform, fields: Mapping[str, str]) -> dict[str, str]:
    """The ids that were brought, so written that one person has one spelling. Raises: Invalid."""
    found = {}
    for name in IDS:
        value = fields.get(name, "").strip()
        if len(value) > LONGEST_ID or not value.isprintable():
            raise Invalid("The id in this link is damaged. Please open the study from the platform again.")
        found[name] = one_spelling(platform, value)
    return {name: value for name, value in found.items() if value}


def one_spelling(platform: Platform, value: str) -> str:
    """Letters composed as Unicode's NFC has them, hex digits small, a number without zeros in front."""
    value = unicodedata.normalize("NFC", value)
    if platform in NUMBERS and FORMS[platform][0].fullmatch(value):
        return value.lstrip("0") or "0"
    return value.casefold() if platform in HEX_IDS else value


def spellings(platform: Platform, external_id: str) -> list[str]:
    """How an id of `one_spelling` may stand in older rows, itself first."""
    found = [external_id, unicodedata.normalize("NFD", external_id)]
    if platform in NUMBERS and external_id.isdecimal():
        found += [external_id.zfill(length) for length in range(len(external_id) + 1, LONGEST_NUMBER + 1)]
    return list(dict.fromkeys(found))


def refuse_impossible(platform: Platform, external_id: str | None) -> None:
    """Refuse an id that this platform gives nobody. Raises: Invalid."""
    form, words = FORMS.get(platform, (None, ""))
    if external_id is None or form is None or form.fullmatch(external_id):
        return
    name = PLATFORM_NAMES[platform]
    raise Invalid(
        f"The id in this link is none of {name}'s: theirs are {words}. "
        f"Please open the study from {name} again, and do not change the link."
    )
