"""Which languages participants' pages are complete in: a page in two languages at once misleads people."""

COMPLETE = {"en"}


def language_problem(language: str) -> str | None:
    """Why a study in this language cannot be launched, as a sentence; None if it can."""
    if language.partition("-")[0].lower() in COMPLETE:
        return None
    return (
        f"language: the pages' own words (buttons, notices) are not translated into '{language}' yet; "
        f"studies can be launched in {', '.join(sorted(COMPLETE))}."
    )
