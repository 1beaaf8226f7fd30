"""What a page shows of a job."""

from datetime import UTC, datetime, timedelta

import pytest
from huey import MemoryHuey

from app.jobs import pages
from app.models import Job

NOW = datetime.now(UTC)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    "state,leased_until,is_missing,is_unattended",
    [
        ("waiting", None, True, True),
        ("waiting", None, False, False),
        ("running", NOW + HOUR, True, False),
        ("running", NOW - HOUR, True, True),
        ("running", NOW - HOUR, False, False),
        ("failed", None, True, False),
    ],
)
def test_a_job_that_nobody_works_on_says_that_no_background_process_runs(
    monkeypatch: pytest.MonkeyPatch,
    state: str,
    leased_until: datetime | None,
    *,
    is_missing: bool,
    is_unattended: bool,
) -> None:
    monkeypatch.setattr(pages, "is_worker_missing", lambda _queue: is_missing)
    job = Job(id=1, state=state, leased_until=leased_until)
    assert pages.shown(MemoryHuey(), job, None, may_cancel=False).is_unattended == is_unattended
