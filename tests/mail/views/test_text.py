"""Text made fit for a page."""

import pytest

from mail.views.text import as_html, linked


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("see https://example.net/a.", "https://example.net/a"),
        ("(https://example.net/a)", "https://example.net/a"),
        ("https://example.net/a_(b) is", "https://example.net/a_(b)"),
        ("<https://example.net/?a=1>", "https://example.net/?a=1"),
        ("HTTP://EXAMPLE.NET!", "HTTP://EXAMPLE.NET"),
    ],
)
def test_links_end_where_people_end_them(text: str, url: str) -> None:
    assert f'<a href="{url}" target="_blank" rel="noopener noreferrer nofollow">{url}</a>' in linked(text)


@pytest.mark.parametrize(
    "text", ["javascript:evil()", "data:text/html,x", "ftp://example.net", "www.example.net", "file:///etc"]
)
def test_nothing_but_http_becomes_a_link(text: str) -> None:
    assert "<a " not in linked(text)


def test_all_is_escaped_in_links_and_around_them() -> None:
    shown = linked("""<b>"'& https://example.net/?a="onclick='x'&b=<i>""")
    assert "<b>" not in shown
    assert "<i>" not in shown
    assert shown.count('"') == 6
    assert "&lt;b&gt;&quot;&#x27;&amp;" in shown


def test_a_link_without_end_stays_text() -> None:
    assert "<a " not in linked("https://example.net/" + "a" * 3000)


def test_what_is_too_long_for_a_link_is_not_searched_for_its_end() -> None:
    assert "<a " not in linked("https://example.net/" + ")" * 3000)


def test_a_link_of_punctuation_only_is_no_trap() -> None:
    assert linked("https://...") == linked("https://...")


def test_quoted_lines_are_marked_as_one() -> None:
    shown = as_html("Yes.\n\n> Shall we?\n> Please <b>\nBest")
    assert '<span class="quoted">&gt; Shall we?\n&gt; Please &lt;b&gt;</span>\nBest' in shown


def test_a_megabyte_of_brackets_takes_no_time_and_lines_stay() -> None:
    assert as_html("https://" + ")" * 1_000_000).count("<a ") <= 1
    assert as_html("a\n" * 10).count("\n") == 10
