"""What researchers see of participants."""

from dataclasses import dataclass

from app.paging import Paged
from app.participants.queries import ParticipantRow
from app.participants.service import LONGEST_REASON
from app.web.shell import ShellPage


@dataclass(frozen=True, kw_only=True)
class ParticipantsPage(ShellPage):
    template = "participants/participants.html"
    slug: str
    participants: Paged[ParticipantRow]
    may_exclude: bool
    longest_reason: int = LONGEST_REASON
