"""A job as the API describes it."""

from datetime import datetime
from typing import Any, Self

from fastapi.responses import JSONResponse
from pydantic import BaseModel

from app.models import Job
from app.web.rest import API


class JobOut(BaseModel):
    """`done` of `total` rows, participants or steps, and what it is doing, where the command tells it.

    `file` is there while it is kept.

    `reason` says why it failed, `result` what it came to.
    """

    id: int
    kind: str
    state: str
    done: int | None
    total: int | None
    doing: str | None
    reason: str | None
    result: dict[str, Any] | None
    file: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None

    @classmethod
    def of(cls, slug: str, job: Job) -> Self:
        is_kept = job.state == "done" and job.folder is not None and job.kind != "rehearsal"
        return cls(
            id=job.id,
            kind=job.kind,
            state=job.state,
            done=job.done,
            total=job.total,
            doing=job.doing,
            reason=job.reason,
            result=job.result,
            file=f"{address(slug, job)}/file" if is_kept else None,
            created_at=job.created_at,
            started_at=job.started_at,
            finished_at=job.finished_at,
        )


ACCEPTED: dict[int | str, dict[str, Any]] = {
    202: {
        "description": "It will be done. Location has the job's address, which says when it is.",
        "model": JobOut,
    }
}


def address(slug: str, job: Job) -> str:
    return f"{API}/studies/{slug}/jobs/{job.id}"


def accepted(slug: str, job: Job) -> JSONResponse:
    """202: it will be done; its address says when it is."""
    body = JobOut.of(slug, job).model_dump(mode="json")
    return JSONResponse(body, 202, {"Location": address(slug, job)})
