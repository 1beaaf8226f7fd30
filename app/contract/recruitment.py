"""Where participants come from, and what the platform wants back."""

from typing import Literal

from app.contract.base import Contract
from app.contract.words import MaybeAddress, MaybeName, MaybeWords


class Parameters(Contract):
    external_id: MaybeWords = None
    study_id: MaybeWords = None
    attempt_id: MaybeWords = None


class Codes(Contract):
    completed: MaybeWords = None
    screened_out: MaybeWords = None
    no_consent: MaybeWords = None


Platform = Literal["prolific", "sona", "cloudresearch", "mturk", "link"]


class Recruitment(Contract):
    platform: Platform
    parameters: Parameters | None = None
    completion_url: MaybeAddress = None
    codes: Codes = Codes()
    site: MaybeName = None
    experiment: MaybeWords = None
    token: MaybeWords = None
