"""One study, as its page and the forms on it show it."""

import json
from datetime import UTC, datetime

from fastapi import Request

from app.access import level_of
from app.contract.study import StudyDefinition
from app.models import Study
from app.published import published
from app.studies import queries
from app.studies.definition import dumped
from app.studies.material import launch_problems
from app.studies.pages import (
    Numbers,
    StudyPage,
)
from app.studies.recruiting import link_to_paste, people_needed
from app.studies.sharing import seen
from app.web.address import public_address
from app.web.auth import Desk
from app.web.shell import shell_of
from app.web.signing import Signing, link_token

SECTION = "studies"


def page_of(request: Request, at: Desk, study: Study, problem: str = "") -> StudyPage:
    definition = StudyDefinition.model_validate(study.draft)
    latest = queries.latest_version(at.session, study.id)
    level = level_of(at.session, at.person, study) or "view"
    has_changed = latest is None or latest.definition_sha256 != definition.sha256
    signing: Signing = request.app.state.signing
    address = public_address(request, f"/s/{study.slug}")
    return StudyPage(
        shell=shell_of(request, at.person, SECTION),
        slug=study.slug,
        level=level,
        address=address,
        link=link_to_paste(definition, address, link_token(signing, study.slug)),
        people_needed=people_needed(definition),
        definition=dumped(json.dumps(seen(definition.model_dump(mode="json"), level))),
        has_changed=has_changed,
        missing=launch_problems(at.session, definition) if has_changed else (),
        numbers=numbers_of(at, study),
        versions=published(at.session, queries.versions(at.session, study.id)),
        shares=queries.shares(at.session, study.id),
        problem=problem,
    )


def numbers_of(at: Desk, study: Study) -> Numbers:
    latest = queries.latest_version(at.session, study.id)
    return Numbers(
        queries.overview(at.session, study, datetime.now(UTC)),
        queries.condition_numbers(at.session, latest.id) if latest else [],
    )
