"""What an ending offers about one's own data: the id to quote, and erasing."""

from app.participation.flow import ENDINGS, Kind
from app.participation.pages import Own
from app.participation.queries import Visit


def may_erase(visit: Visit) -> bool:
    """Whether the visit has ended and still holds something of its person."""
    has_ended = visit.step.kind in {*ENDINGS.values(), Kind.CLOSED} - {Kind.DECLINED}
    return has_ended and visit.last_page is None


def own_of(visit: Visit) -> Own:
    return Own(
        visit.pseudonym,
        erase_url=f"/p/{visit.code}/erase" if may_erase(visit) else None,
        is_erased=visit.last_page is not None,
    )
