"""How passwords are kept in production; the other tests keep them cheaply."""

from tests.conftest import PRODUCTION


def test_a_password_is_kept_by_argon2id_with_64_mib_three_rounds_and_one_lane() -> None:
    """OWASP's Password Storage Cheat Sheet asks for 46 MiB and one round, or 19 MiB and two."""
    stored = PRODUCTION.hash("seven bees in a jar")
    assert stored.startswith("$argon2id$v=19$m=65536,t=3,p=1$")
    assert PRODUCTION.verify("seven bees in a jar", stored)
    assert not PRODUCTION.verify("seven bees in a jug", stored)
