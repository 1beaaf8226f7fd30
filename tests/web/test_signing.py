"""What the server signs: HMAC-SHA256, under a key of its own for each purpose."""

import hmac
from base64 import urlsafe_b64encode

from app.web.signing import Signing


def test_what_the_server_signs_is_signed_with_sha_256_under_a_key_for_each_purpose() -> None:
    signing = Signing(b"k" * 64)
    key = hmac.digest(b"k" * 64, b"honeyglass mode", "sha256")
    expected = urlsafe_b64encode(hmac.digest(key, b"small preview", "sha256")).rstrip(b"=").decode()
    assert signing.sign("mode", "small preview") == f"small preview.{expected}"
    assert signing.read("link", signing.sign("mode", "small preview")) is None
