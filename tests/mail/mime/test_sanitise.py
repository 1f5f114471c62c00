import base64
from html.parser import HTMLParser

import nh3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mail.mime import sanitise as module
from mail.mime.parse import parse
from mail.mime.sanitise import MAX_HTML, TooComplex, sanitise
from mail.mime.styles import safe_style
from tests.corpus import real_mails
from tests.mail.mime.samples import PNG

IMAGES = {"a@b": ("image/png", PNG)}
DATA = "data:image/png;base64," + base64.b64encode(PNG).decode()


class Loads(HTMLParser):
    """Whatever a page could load, run or link to."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.values: list[tuple[str, str, str]] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.values += [(tag, name, value or "") for name, value in attrs]


@pytest.mark.parametrize(
    ("html", "clean"),
    [
        ("<p class=x id=y onclick=alert(1)>a</p>", "<p>a</p>"),
        ("a<script>alert(1)</script>b<style>p{}</style>c", "abc"),
        ("<iframe src=//x>a</iframe><svg><a>b</a></svg><math>c</math>d", "d"),
        ("<form action=//x><input name=a>a</form>", "a"),
        ("<link rel=stylesheet href=//x><meta http-equiv=refresh content=0><base href=//x>a", "a"),
        ("<!-- a -->b", "b"),
        ("<img src='cid:a@b' alt=x>", f'<img src="{DATA}" alt="x">'),
        ("<img src='CID:a%40b'>", f'<img src="{DATA}">'),
        ("<img src='cid:other'>", "<img>"),
        ("<img src=http://t.example/x.gif srcset=//u.example/y>", "<img>"),
        ("<img src='data:image/svg+xml,<svg/>'>", "<img>"),
        (
            "<table bgcolor=red><tr><td width=1 background=//x>a</table>",
            '<table bgcolor="red"><tbody><tr><td width="1">a</td></tr></tbody></table>',
        ),
        ("<p style='color:red;position:fixed'>a", '<p style="color: red">a</p>'),
        ("<p style='background:url(//x)'>a", "<p>a</p>"),
    ],
)
def test_only_what_is_allowed_stays(html, clean):
    assert sanitise(html, IMAGES).html == clean


@pytest.mark.parametrize(
    "href",
    [
        "javascript:alert(1)",
        " java\nscript:alert(1)",
        "/account/delete",
        "//x.example/",
        "data:text/html,x",
        "cid:a@b",
        "vbscript:x",
        "\x01javascript:alert(1)",
        "tel:1",
        "file:///etc/passwd",
        "?x",
        "#x",
        "ftp://x",
    ],
)
def test_links_go_to_the_web_or_to_mail_and_nowhere_else(href):
    assert "href" not in sanitise(f'<a href="{href}">a</a>', IMAGES).html


def test_links_tell_nothing_about_the_reader():
    html = sanitise('<a href="https://x.example/?a=1&amp;b=2" target=_top rel=opener>a</a>', {}).html
    assert html == '<a href="https://x.example/?a=1&amp;b=2" rel="noopener noreferrer nofollow">a</a>'


def test_it_counts_what_was_blocked():
    clean = sanitise(
        "<img src='https://a.example/logo.png'><img src=//t.example/p.gif width=1 height=1>"
        "<img src='http://T.example/q' style='width:1px;height:0'>"
        "<table background='http://b.example/x'></table>"
        "<div style='background-image: url(\"http://c.example/y\")'></div>"
        "<img src='cid:a@b' width=1 height=1>"
        "<img src='http://[bad'>",
        IMAGES,
    )
    assert (clean.remote_images, clean.trackers) == (6, 2)
    assert clean.hosts == ("a.example", "b.example", "c.example", "t.example")


def test_blanks_in_a_style_are_read_once():
    """Read once for each way to share them out, these would keep a process busy for hours."""
    blanks = " " * 900_000
    clean = sanitise(f"<p style=\"background:url({blanks}'{blanks[:9]}//a.example/x')\">", {})
    assert (clean.remote_images, clean.hosts) == (1, ("a.example",))
    assert sanitise(f'<p style="background:url({blanks}">', {}).remote_images == 0


def test_inline_images_stop_at_five_megabytes():
    big = {str(n): ("image/png", PNG + b"\0" * 2_000_000) for n in range(3)}
    html = sanitise("".join(f"<img src=cid:{n}>" for n in range(3)), big).html
    assert html.count("data:") == 2


@pytest.mark.parametrize(
    "html",
    [
        "x" * (MAX_HTML + 1),
        "<div>" * 301,
        "<p>" * 20_001,
        "<p " + "a " * 101 + ">",
        "<p a b c>" * 14_000,
        "&" * 40_001,
        "".join(f"<font color={n}>" for n in range(90)) + "<p>x" * 5000,
    ],
)
def test_what_costs_too_much_never_reaches_the_sanitiser(monkeypatch, html):
    monkeypatch.delattr(nh3, "clean")
    with pytest.raises(TooComplex):
        sanitise(html, {})


def test_real_mails_are_shown_and_load_nothing():
    shown = 0
    for raw in real_mails():
        html = parse(raw).html
        if not html:
            continue
        shown += 1
        found = Loads(sanitise(html, {}).html)
        assert found.tags <= module._TAGS
        for tag, name, value in found.values:
            assert name not in {"background", "srcset", "class", "id"}
            assert not name.startswith("on")
            assert name != "src" or value.startswith("data:")
            assert name != "href" or value.lower().startswith(("http:", "https:", "mailto:")), (tag, value)
    assert shown > 80


@given(
    st.lists(
        st.sampled_from(
            [
                "<svg>",
                "<math>",
                "<style>",
                "</style>",
                "<script>",
                "<img src=x onerror=alert(1)>",
                "<p>",
                "</p>",
                "<noscript>",
                "<table>",
                "<mglyph>",
                "<a href='javascript:x'>",
                "<title>",
                "-->",
                "<!--",
                "<![CDATA[",
                "<template>",
                "<form>",
                "<select>",
                "'",
                '"',
                "<img src=cid:a@b>",
                "<b style='x:url(//y)'>",
                "&lt;script>",
            ]
        ),
        max_size=25,
    ).map("".join)
)
@settings(max_examples=300, deadline=None)
def test_no_mixture_brings_anything_that_runs(html):
    found = Loads(sanitise(html, IMAGES).html)
    assert found.tags <= module._TAGS
    assert all(not name.startswith("on") for _tag, name, _value in found.values)
    assert all(value == DATA for _tag, name, value in found.values if name == "src")


@pytest.mark.parametrize(
    ("style", "safe"),
    [
        ("color:red", "color: red"),
        ("COLOR : #Fff ; font-family: 'Segoe UI', Arial", "color: #Fff; font-family: 'Segoe UI', Arial"),
        ("background-color:rgba(1, 2, 3, .5)", "background-color: rgba(1, 2, 3, .5)"),
        ("font: bold 12px sans-serif", "font: bold 12px sans-serif"),
        ("width:calc(1px)", ""),
        ("background:url(//x)", ""),
        ("background:u\\72l(//x)", ""),
        ("color:red/**/", ""),
        ("width:expression(alert(1))", ""),
        ("position:fixed;top:0;z-index:9", ""),
        ("margin:-50px;padding:1px", "padding: 1px"),
        ("behavior:url(x);-moz-binding:x", ""),
        ("color:@x;color:a:b", ""),
        ("color", ""),
    ],
)
def test_styles_keep_colours_and_boxes_only(style, safe):
    assert safe_style(style) == safe
