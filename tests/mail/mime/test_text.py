import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mail.mime import text as module
from mail.mime.parse import parse
from mail.mime.text import MAX_HTML, html_to_text
from tests.corpus import real_mails


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("", ""),
        ("plain", "plain"),
        ("<b>W</b>ord <i>and</i> word", "Word and word"),
        ("one<br>two<BR/>three", "one\ntwo\nthree"),
        ("<p>one</p><p>two</p>", "one\n\ntwo"),
        ("<div>one</div><div>two</div>", "one\ntwo"),
        ("<div>one</div><div><br></div><div>two</div>", "one\n\ntwo"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"),
        ("<ul><li>a<li>b</ul>c", "- a\n- b\n\nc"),
        ("<pre>a\n  b</pre>", "a\nb"),
        ("a\n\n  b&nbsp;&amp;&uuml;", "a b &ü"),
        ("<head><title>t</title><style>p{}</style></head><body>b<script>s</script></body>", "b"),
        ("a<!-- no -->b", "ab"),
        ("<div style='DISPLAY:none'>no</div>yes", "yes"),
        ("<div style='display: none !important'>no<div style='display:none'>no</div>no</div>yes", "yes"),
        ("<p hidden>no</p><span style='visibility:hidden'>no</span>yes", "yes"),
        ("<span style='font-size:0px'>no</span><i style='opacity:0'>no</i>yes", "yes"),
        ("<td style='font-size:0'><span style='font-size:12px'>yes</span></td>", "yes"),
        ("<span style='font-size:0.9em;opacity:0.5'>yes</span>", "yes"),
        ("<object><object>no</object></object><noscript><p>no</p></noscript>yes", "yes"),
        ("<title>never closed", ""),
        ("pre\u200c\u00a0\u200c\u00a0\u200cview", "pre view"),
        ("a\x01\x02b", "ab"),
    ],
)
def test_html_becomes_the_text_that_a_reader_sees(html, text):
    assert html_to_text(html) == text


@pytest.mark.parametrize(
    "html",
    [
        "<div>" * 90_000 + "words",
        "<b>" * 100_000 + "words",
        "<table><tr><td>" * 20_000 + "words",
        "<p " + " ".join(f"a{n}=1" for n in range(50_000)) + ">words",
        "".join(f"<font a={n}>" for n in range(250)) + "<p>words" * 5000,
    ],
)
def test_html_that_is_too_much_for_a_parser_only_loses_its_tags(monkeypatch, html):
    monkeypatch.delattr(module, "LexborHTMLParser")
    assert "words" in html_to_text(html)


def test_only_the_beginning_of_huge_html_is_read():
    assert len(html_to_text("x" * 2 * MAX_HTML)) == MAX_HTML


def test_real_html_needs_no_way_out(monkeypatch):
    monkeypatch.delattr(module, "_TAGS")
    read = [parsed for raw in real_mails() if (parsed := parse(raw)).html]
    assert len(read) > 80
    assert all("<td" not in parsed.text for parsed in read)


PIECES = [
    "<div>",
    "</div>",
    "<table>",
    "<td",
    ">",
    "<",
    "&",
    "&#xd800;",
    "&#0;",
    " x ",
    "style='display:none'",
    "<!--",
    "-->",
    "<script>",
    "</script>",
    "<svg>",
    "<select>",
    "<template>",
    "<b>",
    "</b>",
    "\x01",
    "\x02",
    "'",
    '"',
    "<title>",
    "<p hidden>",
    "</",
    "<frameset>",
    "<![CDATA[",
    "\0",
]


@given(st.lists(st.sampled_from(PIECES), max_size=80).map("".join))
@settings(max_examples=300, deadline=None)
def test_any_markup_gives_text_without_marks(html):
    text = html_to_text(html)
    assert not set(text) & set("\x01\x02\x03\x04")
    assert "\n\n\n" not in text
