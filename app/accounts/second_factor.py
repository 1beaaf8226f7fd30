"""The optional second factor: time-based one-time codes (RFC 6238), thirty seconds each."""

import io
from datetime import datetime

import pyotp
import segno
from markupsafe import Markup
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.sealing import Seal, is_sealed
from app.errors import Conflict
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


def use_code(user: User, code: str, now: datetime, seal: Seal) -> bool:
    """Whether a code is right and was not used before; it is used up.

    Raises: Conflict if the seed was sealed under another key than this installation's.
    """
    if user.totp_secret is None:
        return False
    seed = seal.open(user.totp_secret, user.id)
    if seed is None:
        raise Conflict(
            "Your second factor cannot be read: the server's secret.key is another one than it was. "
            f"Ask an admin to turn it off: honeyglass user second-factor-off {user.email}"
        )
    step = matching_step(seed, code, now)
    if step is None or step <= (user.totp_last_step or 0):
        return False
    user.totp_last_step = step
    return True


def turn_on(user: User, seed: str, step: int, seal: Seal) -> None:
    """Set a new seed, whose code of this time step was just shown, in place of any other."""
    user.totp_secret, user.totp_last_step = seal.close(seed, user.id), step


def turn_off(user: User) -> None:
    user.totp_secret = user.totp_last_step = None


def turn_off_for(user: User) -> None:
    """Turn off somebody else's. Nobody sees their password here, and it may be too short without a code."""
    turn_off(user)
    user.must_change_password = True


def seal_all(session: Session, seal: Seal) -> None:
    """Seal the seeds that earlier releases stored as they are."""
    for user in session.scalars(select(User).where(User.totp_secret.is_not(None)).with_for_update()):
        if user.totp_secret and not is_sealed(user.totp_secret):
            user.totp_secret = seal.close(user.totp_secret, user.id)
