"""What researchers see of participants."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.participants.queries import ParticipantRow
from app.web.shell import ShellPage


@dataclass(frozen=True)
class ParticipantsPage(ShellPage):
    template = "participants/participants.html"
    slug: str
    participants: Sequence[ParticipantRow]
    may_exclude: bool
    page: int
    has_more: bool
