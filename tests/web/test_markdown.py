import pytest

from app.web.markdown import to_html


def test_headings_come_below_the_pages_own() -> None:
    assert to_html("# Title\n\n## Part\n\n###### Small") == "<h2>Title</h2>\n<h3>Part</h3>\n<h6>Small</h6>\n"


@pytest.mark.parametrize(
    "hostile",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[a](javascript:alert(1))",
        "![a](https://elsewhere.example/x.png)",
        "<a href='https://elsewhere.example' onclick='x()'>a</a>",
    ],
)
def test_nothing_a_text_says_becomes_active(hostile: str) -> None:
    html = to_html(hostile)
    assert not any(active in html for active in ("<script", "<img", '<a href="javascript', "<a href='"))
