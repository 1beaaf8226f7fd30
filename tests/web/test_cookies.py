from collections.abc import Mapping
from http.cookies import SimpleCookie

from fastapi import Request
from fastapi.responses import Response
from hypothesis import given
from hypothesis import strategies as st

from app.web.cookies import sent_cookie


def request_with(cookie: str) -> Request:
    return Request({"type": "http", "headers": [(b"cookie", cookie.encode("latin-1"))]})


def as_sent(cookies: Mapping[str, str]) -> str:
    """What a browser sends back of what the framework has set."""
    response = Response()
    for name, value in cookies.items():
        response.set_cookie(name, value)
    set_by = [value.decode() for name, value in response.raw_headers if name == b"set-cookie"]
    return "; ".join(line.partition(";")[0] for line in set_by)


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126)))
def test_what_was_set_is_read_again(value: str) -> None:
    request = request_with(as_sent({"first": "a b", "return": value, "last": "c"}))
    assert sent_cookie(request, "return") == value
    assert sent_cookie(request, "first") == "a b"
    assert sent_cookie(request, "other") is None


@given(st.text(st.characters(max_codepoint=255)))
def test_whatever_is_sent_is_read_without_a_fault(cookie: str) -> None:
    sent_cookie(request_with(cookie), "return")


def test_old_and_new_values_are_read_as_the_standard_library_reads_them() -> None:
    link = "abc https://example.org/back?x=1,2;3&code=C 1"
    sent = as_sent({"return": link})
    assert SimpleCookie(sent)["return"].value == link == sent_cookie(request_with(sent), "return")
