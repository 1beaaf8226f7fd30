"""The optional second factor: time-based one-time codes (RFC 6238), thirty seconds each."""

import io
from datetime import datetime

import pyotp
import segno
from markupsafe import Markup

from app.errors import Invalid
from app.models import User

STEP_S = 30
WINDOW = 1  # steps that a clock may be off


def make_secret() -> str:
    return pyotp.random_base32()


def uri(secret: str, email: str) -> str:
    return pyotp.TOTP(secret, name=email, issuer="Honeyglass").provisioning_uri()


def qr_code(address: str) -> Markup:
    """An SVG to scan, without styles of its own."""
    stream = io.BytesIO()
    segno.make(address, error="m").save(stream, kind="svg", xmldecl=False, svgns=True, scale=5, border=2)
    return Markup(stream.getvalue().decode())  # noqa: S704  # made by segno from our own address


def matching_step(secret: str, code: str, now: datetime) -> int | None:
    """The time step a code belongs to, if it is right now or one step off."""
    step = int(now.timestamp()) // STEP_S
    code = "".join(code.split())
    totp = pyotp.TOTP(secret)
    steps = range(step - WINDOW, step + WINDOW + 1)
    return next((one for one in steps if pyotp.utils.strings_equal(totp.at(one * STEP_S), code)), None)


def use_code(user: User, code: str, now: datetime) -> bool:
    """Whether a code is right and was not used before; it is used up."""
    step = matching_step(user.totp_secret, code, now) if user.totp_secret else None
    if step is None or step <= (user.totp_last_step or 0):
        return False
    user.totp_last_step = step
    return True


def turn_on(user: User, secret: str, code: str, now: datetime) -> None:
    """Raises: Invalid for a code that does not belong to the secret."""
    step = matching_step(secret, code, now)
    if step is None:
        raise Invalid(
            "This code is not right. Check that the clock of your phone is right, and try the next one."
        )
    user.totp_secret, user.totp_last_step = secret, step


def turn_off(user: User) -> None:
    user.totp_secret = user.totp_last_step = None
