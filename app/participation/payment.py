"""What a platform pays for: its code, and the way back to it. A preview has neither."""

from urllib.parse import quote

from app.participation.queries import Visit

PREVIEW_CODE = "PREVIEW-NO-CODE"


def code_for(visit: Visit, code: str | None) -> str | None:
    """The platform's code; a preview shows a made-up one in its place, for a code is worth money."""
    return PREVIEW_CODE if visit.is_preview and code is not None else code


def return_url(visit: Visit, code: str | None) -> str | None:
    """Where the platform wants the participant back; None without a code or an address, or in a preview."""
    if visit.is_preview:
        return None
    recruitment = visit.study.definition.recruitment
    template = visit.study.completion_url
    if template is None or (code is None and "{code}" in template):
        return None
    values = {
        "{code}": code or "",
        "{external_id}": visit.external_id or "",
        "{site}": recruitment.site or "",
        "{experiment}": recruitment.experiment or "",
        "{token}": recruitment.token or "",
    }
    for placeholder, value in values.items():
        template = template.replace(placeholder, quote(value, safe=""))
    return template
