"""The audit log: who changed what, when, from what to what.

Tables whose class says `audited_by` (the attribute that names a row) are noted by themselves whenever a
session writes them, so that no use case can forget it; what is no such change (signing in, an export, a
share) is noted with `record`. Secrets are noted as changed, never with their value.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import inspect
from sqlalchemy.orm import Session, UOWTransaction
from sqlalchemy.orm.attributes import History

from app.models import AuditEvent, Base

Fields = dict[str, Any]
LONGEST_SUBJECT = 300


@dataclass(frozen=True)
class Actor:
    """Who acts in a session, as the log will name them; `address` is the network address, if any."""

    name: str
    address: str = ""


COMMAND_LINE = Actor("command line")
WEB_SERVER = Actor("web server")


def act_as(session: Session, actor: Actor) -> None:
    session.info["actor"] = actor


def record(
    session: Session, action: str, subject: str, before: Fields | None = None, after: Fields | None = None
) -> None:
    """Note what the listener cannot see. `action` reads like `study.shared`."""
    actor: Actor = session.info["actor"]
    event = AuditEvent(
        at=datetime.now(UTC),
        actor=actor.name,
        address=actor.address,
        action=action,
        subject=subject[:LONGEST_SUBJECT],
        before=before or {},
        after=after or {},
    )
    session.add(event)


def note_changes(session: Session, _context: UOWTransaction, _instances: object) -> None:
    """Listens to every flush; costs the participants' path a look at each object's class."""
    for kind, objects in (("created", session.new), ("changed", session.dirty), ("deleted", session.deleted)):
        for changed in [one for one in objects if hasattr(one, "audited_by")]:
            note(session, kind, changed)


def note(session: Session, kind: str, changed: Base) -> None:
    before, after = differences(changed, kind)
    if before or after or kind == "deleted":
        name = str(getattr(changed, changed.audited_by))  # type: ignore[attr-defined]  # note_changes has looked
        record(session, f"{changed.__tablename__}.{kind}", name, before, after)


def differences(changed: Base, kind: str) -> tuple[Fields, Fields]:
    before: Fields = {}
    after: Fields = {}
    state = inspect(changed)
    for column in state.mapper.column_attrs:
        history: History = state.attrs[column.key].history
        if column.key == "id" or not (history.has_changes() if kind != "deleted" else history.unchanged):
            continue
        old, new = first(history.deleted), first(history.added)
        if kind == "deleted":
            old = first(history.unchanged)
        if column.columns[0].info.get("secret"):
            old, new = hidden(old), hidden(new, is_new=True)
        if isinstance(old, dict) and isinstance(new, dict):
            old, new = without_common(old, new), without_common(new, old)
        before |= {column.key: plain(old)} if old is not None else {}
        after |= {column.key: plain(new)} if new is not None else {}
    return before, after


def first(values: Iterable[Any] | None) -> Any:  # noqa: ANN401  # any column's value
    return next(iter(values or ()), None)


def hidden(value: object, *, is_new: bool = False) -> str | None:
    return None if value is None else ("(new secret)" if is_new else "(secret)")


def without_common(one: Fields, other: Fields) -> Fields:
    """What of a JSON column differs, so that a log of definitions stays readable."""
    return {key: value for key, value in one.items() if key not in other or other[key] != value}


def plain(value: object) -> object:
    return value.isoformat() if isinstance(value, datetime) else value
