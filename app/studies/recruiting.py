"""What a study's team gives to the platform: the link to paste, and how many people to ask for."""

from fractions import Fraction
from math import ceil
from urllib.parse import quote

from app.contract.recruitment import Platform, parameters_of
from app.contract.study import StudyDefinition

# What each platform puts a person's ids in place of. CloudResearch adds its parameters to the link by itself.
PLACEHOLDERS: dict[Platform, dict[str, str]] = {
    "prolific": {
        "external_id": "{{%PROLIFIC_PID%}}",
        "study_id": "{{%STUDY_ID%}}",
        "attempt_id": "{{%SESSION_ID%}}",
    },
    "sona": {"external_id": "%SURVEY_CODE%"},
}


def link_to_paste(definition: StudyDefinition, address: str, token: str) -> str:
    """The study's address with the platform's placeholders, and with `token` where the link is signed."""
    recruitment = definition.recruitment
    names = parameters_of(recruitment).model_dump()
    placeholders = PLACEHOLDERS.get(recruitment.platform, {})
    pairs = [f"{quote(names[key])}={value}" for key, value in placeholders.items() if names[key]]
    if recruitment.signed_link:
        pairs.append(f"link={quote(token)}")
    return f"{address}?{'&'.join(pairs)}" if pairs else address


def people_needed(definition: StudyDefinition) -> int:
    """How many people reach the target when all of them complete; known before launch."""
    chosen = definition.questions
    count = len(chosen.ids) or (chosen.draw.count if chosen.draw else 0)
    ratings = count * len(definition.conditions) * definition.design.ratings_per_item
    return ceil(Fraction(ratings, definition.items_per_participant))
