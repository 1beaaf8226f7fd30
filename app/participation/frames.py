"""The frame around a page of the participant's path."""

from dataclasses import replace

from app.participation.frozen_study import FrozenStudy
from app.participation.pages import (
    Frame,
)
from app.participation.queries import Visit


def frame_of(study: FrozenStudy) -> Frame:
    """The frame of a page that belongs to nobody yet."""
    return Frame(study.definition.title, study.definition.language, study.definition.contact)


def last_frame(visit: Visit) -> Frame:
    """The frame of an ending."""
    return replace(frame_of(visit.study), is_preview=visit.is_preview)


def frame(visit: Visit, progress: str = "") -> Frame:
    """The frame of a step; the bar counts items, and the words say what this page is."""
    definition = visit.study.definition
    return Frame(
        definition.title,
        definition.language,
        definition.contact,
        leave_url=f"/p/{visit.code}/leave",
        progress=progress,
        step=visit.items_answered,
        steps=visit.study.shape.items if visit.dealt_at else 0,
        is_preview=visit.is_preview,
    )
