"""Every table of the application, in one import."""

from app.models.base import Base, UtcDateTime
from app.models.bundle import Bundle, Explanation
from app.models.checkpoint import Checkpoint, GenerationBatch, GenerationRun
from app.models.job import Job
from app.models.participant import Assignment, Participant
from app.models.question import Question, QuestionSet
from app.models.response import CheckAnswer, QuestionnaireAnswer, Rating, Response
from app.models.study import Condition, Item, OrderRow, Study, StudyAccess, StudyVersion
from app.models.user import ApiToken, AuditEvent, ResetLink, SignInAttempts, User, UserSession

__all__ = [
    "ApiToken",
    "Assignment",
    "AuditEvent",
    "Base",
    "Bundle",
    "CheckAnswer",
    "Checkpoint",
    "Condition",
    "Explanation",
    "GenerationBatch",
    "GenerationRun",
    "Item",
    "Job",
    "OrderRow",
    "Participant",
    "Question",
    "QuestionSet",
    "QuestionnaireAnswer",
    "Rating",
    "ResetLink",
    "Response",
    "SignInAttempts",
    "Study",
    "StudyAccess",
    "StudyVersion",
    "User",
    "UserSession",
    "UtcDateTime",
]
