"""The web application: the one module that knows every slice."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import scipy.optimize  # noqa: F401  # assignment deals by it; else the first participant would wait for it
from anyio import CapacityLimiter
from anyio.to_thread import current_default_thread_limiter
from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from fastapi.telemetry import TelemetryConfig
from starlette.middleware.body_limit import RequestBodyLimitMiddleware

from app.accounts.account_routes import router as account
from app.accounts.deeds_routes import router as people
from app.accounts.routes import router as door
from app.accounts.sealing import Seal
from app.accounts.second_factor_routes import router as set_up
from app.accounts.users_routes import router as admin
from app.analysis.api import api as analysis_api
from app.analysis.live import LiveCounts
from app.analysis.routes import router as results
from app.audit import WEB_SERVER
from app.bundles.api import api as bundles_api
from app.bundles.routes import router as bundles
from app.checkpoints.api import api as checkpoints_api
from app.checkpoints.checkpoint_routes import router as checkpoint
from app.checkpoints.routes import router as checkpoints
from app.exports.api import api as exports_api
from app.exports.routes import router as exports
from app.jobs.api import api as jobs_api
from app.jobs.routes import router as jobs
from app.participants.routes import router as participants
from app.participation.brake import Brake
from app.participation.landing_routes import router as landing
from app.participation.routes import router as participation
from app.questions.api import api as questions_api
from app.questions.routes import router as questions
from app.queue import BACKGROUND, make_queue
from app.runs.api import api as runs_api
from app.runs.routes import router as runs
from app.settings import Settings
from app.simulation.api import api as rehearsals_api
from app.simulation.routes import router as rehearsal
from app.studies.api import api as studies_api
from app.studies.life_routes import router as study_life
from app.studies.routes import router as studies
from app.web.api import router as api_pages
from app.web.db import Database
from app.web.errors import PlainRefusals, add_error_pages
from app.web.health_routes import router as health
from app.web.pages import STATIC
from app.web.refusals import Refusals
from app.web.security import Guard
from app.web.signing import Signing

API = (
    *(studies_api, exports_api, analysis_api, rehearsals_api, jobs_api),
    *(questions_api, checkpoints_api, runs_api, bundles_api),
)
STAFF = (
    *(door, account, set_up, admin, people),
    *(studies, study_life, participants, rehearsal, exports, results, jobs),
    *(questions, checkpoints, checkpoint, runs, bundles),
)
PARTICIPANT_TIMEOUT_MS = 2_000
LARGEST_BODY_BYTES = 256 * 1024
# Spans and metrics would carry participants' addresses to wherever the environment sends them.
NO_TELEMETRY = TelemetryConfig(tracing=False, metrics=False, logs=False, auto_configure=False)


def create_app(settings: Settings | None = None, database: Database | None = None) -> FastAPI:
    """The application for one process; without arguments configured by the environment."""
    settings = settings or Settings()
    database = database or Database(
        settings.url, statement_timeout_ms=PARTICIPANT_TIMEOUT_MS, actor=WEB_SERVER
    )

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        current_default_thread_limiter().total_tokens = settings.threads
        yield
        database.engine.dispose()

    app = FastAPI(openapi_url=None, lifespan=lifespan, telemetry=NO_TELEMETRY)
    app.state.database = database
    app.state.signing = Signing(settings.load_secret())
    app.state.brake = Brake()
    app.state.seal = Seal(app.state.signing.secret)
    app.state.settings = settings
    app.state.api_routers = API
    app.state.queue = make_queue(settings)
    app.state.background = make_queue(settings, name=BACKGROUND)
    app.state.live_counts = LiveCounts()
    app.state.upload_readers = CapacityLimiter(1)
    app.state.exports = CapacityLimiter(1)
    app.state.aside = CapacityLimiter(1)
    app.state.password_thread = CapacityLimiter(1)
    app.state.refusals = Refusals()
    app.include_router(participation)  # first, because routes are tried in order and this is the hot path
    app.include_router(landing)
    for router in STAFF:
        app.include_router(router)
    for router in (*API, api_pages):
        app.include_router(router)
    app.include_router(health)
    app.mount("/static", StaticFiles(directory=STATIC))
    add_error_pages(app)
    # The last one added is the first to see a request: Guard's headers stand on whatever the others answer.
    app.add_middleware(RequestBodyLimitMiddleware, max_body_size=LARGEST_BODY_BYTES)
    app.add_middleware(PlainRefusals)
    app.add_middleware(Guard)
    return app
