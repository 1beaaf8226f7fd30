"""Who may use which route: the table that tests walk along."""

from typing import Literal, NamedTuple

from app.access import Level, Role
from app.web.auth import Scope


class Rule(NamedTuple):
    """The least role, and of a study the least level, that a route needs; for the API also the scope."""

    role: Role | Literal["anyone"]
    level: Level | None = None
    scope: Scope | None = None


ANYONE = Rule("anyone")  # who has the address: the door itself, and participants by their code
SIGNED_IN, RESEARCHER, ADMIN = Rule("viewer"), Rule("researcher"), Rule("admin")
SEES, EDITS, OWNS = Rule("viewer", "view"), Rule("researcher", "edit"), Rule("researcher", "own")

TABLE: dict[tuple[str, str], Rule] = {
    # Participants, health, the door
    ("GET", "/s/{slug}"): ANYONE,
    ("POST", "/s/{slug}"): ANYONE,
    **{("GET", f"/p/{{code}}{rest}"): ANYONE for rest in ("", "/leave", "/erase", "/{place:path}")},
    **{
        ("POST", f"/p/{{code}}/{rest}"): ANYONE
        for rest in (
            *("consent", "instructions", "comprehension", "practice/{number}", "answer/{number}"),
            *("rate/{number}", "check/{number}", "questionnaire", "leave", "erase"),
        )
    },
    ("GET", "/healthz"): ANYONE,
    ("GET", "/readyz"): ANYONE,
    ("GET", "/"): ANYONE,
    ("GET", "/sign-in"): ANYONE,
    ("POST", "/sign-in"): ANYONE,
    ("POST", "/sign-in/code"): ANYONE,
    ("POST", "/sign-out"): ANYONE,
    ("GET", "/reset/{token}"): ANYONE,
    ("POST", "/reset/{token}"): ANYONE,
    # One's own account
    ("GET", "/account"): SIGNED_IN,
    ("GET", "/account/new-password"): SIGNED_IN,
    ("POST", "/account/password"): SIGNED_IN,
    ("POST", "/account/sign-out-everywhere"): SIGNED_IN,
    ("POST", "/account/sessions/{session_id}/revoke"): SIGNED_IN,
    ("POST", "/account/tokens"): SIGNED_IN,
    ("POST", "/account/tokens/{token_id}/revoke"): SIGNED_IN,
    ("GET", "/account/second-factor"): SIGNED_IN,
    ("POST", "/account/second-factor"): SIGNED_IN,
    ("POST", "/account/second-factor/off"): SIGNED_IN,
    # Admins
    ("GET", "/users"): ADMIN,
    ("POST", "/users"): ADMIN,
    **{
        ("POST", f"/users/{{user_id}}/{action}"): ADMIN
        for action in ("reset-link", "role", "deactivate", "activate", "second-factor-off")
    },
    ("GET", "/audit"): ADMIN,
    # Material
    ("GET", "/question-sets"): SIGNED_IN,
    ("GET", "/question-sets/{name}"): SIGNED_IN,
    ("POST", "/question-sets"): RESEARCHER,
    ("GET", "/bundles"): SIGNED_IN,
    ("GET", "/bundles/{name}"): SIGNED_IN,
    ("POST", "/bundles"): RESEARCHER,
    ("GET", "/checkpoints"): SIGNED_IN,
    ("POST", "/checkpoints"): ADMIN,
    ("POST", "/checkpoints/from-folder"): ADMIN,
    ("GET", "/checkpoints/{name}"): SIGNED_IN,
    ("GET", "/checkpoints/{name}/progress"): SIGNED_IN,
    ("POST", "/checkpoints/{name}/verify"): ADMIN,
    ("POST", "/checkpoints/{name}/retire"): ADMIN,
    ("POST", "/checkpoints/{name}/purge"): ADMIN,
    ("POST", "/checkpoints/{name}/runs"): RESEARCHER,
    ("POST", "/checkpoints/{name}/tries"): RESEARCHER,
    ("GET", "/checkpoints/{name}/tries/{task_id}"): RESEARCHER,
    ("GET", "/runs/{run_id}"): SIGNED_IN,
    ("POST", "/runs/{run_id}/cancel"): RESEARCHER,
    ("GET", "/runs/{run_id}/bundle"): SIGNED_IN,
    ("GET", "/runs/{run_id}/beside"): SIGNED_IN,
    # Studies
    ("GET", "/studies"): SIGNED_IN,
    ("GET", "/studies/new"): RESEARCHER,
    ("POST", "/studies/new"): RESEARCHER,
    **{
        ("GET", f"/studies/{{slug}}{rest}"): SEES
        for rest in (
            *("", "/numbers", "/items", "/check", "/preview", "/participants", "/export"),
            *("/results", "/results/live", "/results/package", "/results/report", "/results/report.zip"),
        )
    },
    ("GET", "/studies/{slug}/export/{job_id}"): SEES,
    ("POST", "/studies/{slug}/results/package"): SEES,
    ("POST", "/studies/{slug}/results/report"): SEES,
    ("GET", "/studies/{slug}/draft"): EDITS,
    ("POST", "/studies/{slug}/draft"): EDITS,
    ("POST", "/studies/{slug}/launch"): EDITS,
    ("POST", "/studies/{slug}/pause"): EDITS,
    ("POST", "/studies/{slug}/close"): EDITS,
    ("POST", "/studies/{slug}/participants/{pseudonym}/exclude"): EDITS,
    ("POST", "/studies/{slug}/participants/{pseudonym}/count"): EDITS,
    ("POST", "/studies/{slug}/participants/{pseudonym}/erase"): EDITS,
    ("POST", "/studies/{slug}/jobs/{job_id}/cancel"): EDITS,  # or who asked for it
    ("GET", "/studies/{slug}/rehearsal"): EDITS,
    ("POST", "/studies/{slug}/rehearsal"): EDITS,
    ("POST", "/studies/{slug}/shares"): OWNS,
    ("POST", "/studies/{slug}/shares/{user_id}/remove"): OWNS,
    # The API
    ("GET", "/api/v1/docs"): ANYONE,
    ("GET", "/api/v1/openapi.json"): ANYONE,
    ("GET", "/api/v1/{path:path}"): ANYONE,
    ("GET", "/api/v1/studies"): Rule("viewer", None, "studies:read"),
    ("POST", "/api/v1/studies"): Rule("researcher", None, "studies:write"),
    ("POST", "/api/v1/studies/validate"): Rule("viewer", None, "studies:read"),
    ("GET", "/api/v1/studies/{slug}"): Rule("viewer", "view", "studies:read"),
    ("POST", "/api/v1/studies/{slug}/launch"): Rule("researcher", "edit", "studies:write"),
    ("POST", "/api/v1/studies/{slug}/pause"): Rule("researcher", "edit", "studies:write"),
    ("POST", "/api/v1/studies/{slug}/close"): Rule("researcher", "edit", "studies:write"),
    ("GET", "/api/v1/studies/{slug}/exports/{export_format}"): Rule("viewer", "view", "exports:read"),
    ("POST", "/api/v1/studies/{slug}/report"): Rule("viewer", "view", "exports:read"),
    ("POST", "/api/v1/studies/{slug}/package"): Rule("viewer", "view", "exports:read"),
    ("POST", "/api/v1/studies/{slug}/rehearsals"): Rule("researcher", "edit", "studies:write"),
    ("GET", "/api/v1/studies/{slug}/jobs"): Rule("viewer", "view", "exports:read"),
    ("GET", "/api/v1/studies/{slug}/jobs/{job_id}"): Rule("viewer", "view", "exports:read"),
    ("GET", "/api/v1/studies/{slug}/jobs/{job_id}/file"): Rule("viewer", "view", "exports:read"),
    ("POST", "/api/v1/studies/{slug}/jobs/{job_id}/cancel"): Rule("researcher", "edit", "exports:read"),
    ("GET", "/api/v1/question-sets"): Rule("viewer", None, "material:read"),
    ("GET", "/api/v1/question-sets/{name}"): Rule("viewer", None, "material:read"),
    ("POST", "/api/v1/question-sets"): Rule("researcher", None, "material:write"),
    ("GET", "/api/v1/bundles"): Rule("viewer", None, "material:read"),
    ("GET", "/api/v1/bundles/{name}"): Rule("viewer", None, "material:read"),
    ("POST", "/api/v1/bundles"): Rule("researcher", None, "material:write"),
    ("GET", "/api/v1/checkpoints"): Rule("viewer", None, "material:read"),
    ("POST", "/api/v1/checkpoints"): Rule("admin", None, "material:write"),
    ("GET", "/api/v1/checkpoints/{name}"): Rule("viewer", None, "material:read"),
    ("POST", "/api/v1/checkpoints/{name}/verify"): Rule("admin", None, "material:write"),
    ("POST", "/api/v1/checkpoints/{name}/retire"): Rule("admin", None, "material:write"),
    ("POST", "/api/v1/checkpoints/{name}/tries"): Rule("researcher", None, "material:write"),
    ("GET", "/api/v1/checkpoints/{name}/tries/{task_id}"): Rule("researcher", None, "material:read"),
    ("POST", "/api/v1/checkpoints/{name}/runs"): Rule("researcher", None, "material:write"),
    ("GET", "/api/v1/runs/{run_id}"): Rule("viewer", None, "material:read"),
    ("GET", "/api/v1/runs/{run_id}/outputs"): Rule("viewer", None, "material:read"),
    ("GET", "/api/v1/runs/{run_id}/bundle"): Rule("viewer", None, "material:read"),
    ("POST", "/api/v1/runs/{run_id}/cancel"): Rule("researcher", None, "material:write"),
}
