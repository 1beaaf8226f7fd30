from fastapi import Request
from fastapi.responses import Response

from app.jobs.described import ACCEPTED, accepted
from app.queue import WORK, tell
from app.simulation.forms import RehearsalForm
from app.simulation.rehearsal import ask_for, own_address
from app.web.auth import api_desk
from app.web.rest import api_router

api = api_router("rehearsals")


@api.post("/studies/{slug}/rehearsals", status_code=202, response_class=Response, responses=ACCEPTED)
def send_participants(request: Request, slug: str, asked: RehearsalForm) -> Response:
    """Send synthetic participants through a live study; they never count in a study for people."""
    with api_desk(request, "studies:write", "researcher", writing=True) as at:
        job = ask_for(at, slug, asked, own_address(request))
    tell(request.app.state.background, WORK)
    return accepted(slug, job)
