import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from mail.mime.markup import Limits, is_within

WIDE = Limits(tags=10**6, depth=10**6, attributes=10**6, in_all=10**6, work=10**9, references=10**6)


def depth_allowed(html: str, most: int = 400) -> int:
    """The least depth limit that the HTML keeps."""
    low, high = 0, most
    while low < high:
        middle = (low + high) // 2
        within = is_within(html, Limits(10**6, middle, 10**6, 10**6, 10**9, 10**6))
        low, high = (low, middle) if within else (middle + 1, high)
    return low


def real_depth(html: str) -> int:
    deepest, waiting = 0, [(LexborHTMLParser(html).root, 0)]
    while waiting:
        node, depth = waiting.pop()
        deepest = max(deepest, depth)
        child = node.first_child
        while child is not None:
            if child.is_element_node:
                waiting.append((child, depth + 1))
            child = child.next
    return deepest


@pytest.mark.parametrize(
    ("html", "depth"),
    [
        ("<div>" * 5, 5),
        ("<div></div>" * 5, 1),
        ("<br>" * 5 + "<p>" * 5 + "<li>" * 5, 0),
        ("<b><div></b>" * 5, 6),
        ("<div><b></div>" * 5, 6),
        ("<table><tr><td><b>x<td><b>x</table>", 3),
        ("<div></span>" * 5, 5),
        ("<select><option value=1>a</option></select>" * 5, 0),
        ("<noscript><img src=x></noscript>" * 5, 0),
        ("<style>p > b {}</style>" * 5, 0),
        ("<!-- <div> -->" * 5, 0),
    ],
)
def test_depth_is_counted_as_browsers_build_it(html, depth):
    assert depth_allowed(html) == depth


@pytest.mark.parametrize(
    "once",
    [
        "<div><textarea></div></textarea>",
        "<div><table></div></table>",
        "<div><!--</div>-->",
        "<div><a title='</div>'></a>",
        "<div><svg><![CDATA[></div>]]></svg>",
        "<div><select></div></select>",
        "<div><select><option value='</select>'></div></option></select>",
        "<div><script><!--<script></script></div>--></script>",
        "<div><noscript><img alt='</noscript></div>'></noscript>",
        "<div><?</div>>",
        "<div></ </div>>",
        "<div><button></div></button>",
        "<div><title></div></title>",
        "<div></div/></span></DIV x=y><div>",
    ],
)
def test_an_end_tag_that_browsers_ignore_does_not_hide_depth(once):
    html = once * 60
    assert depth_allowed(html) * 4 >= real_depth(html) - 4


TAGS = [
    "div",
    "b",
    "a",
    "font",
    "table",
    "tr",
    "td",
    "p",
    "li",
    "ul",
    "span",
    "h1",
    "button",
    "form",
    "center",
    "select",
    "option",
    "title",
    "textarea",
    "style",
    "svg",
    "noscript",
    "script",
    "template",
    "object",
    "u",
    "br",
]


@given(
    st.lists(
        st.sampled_from([f"<{tag}>" for tag in TAGS] + [f"</{tag}>" for tag in TAGS] + ["x", "<!--", "-->"]),
        max_size=30,
    ),
    st.integers(1, 10),
)
@settings(max_examples=300, deadline=None)
def test_depth_is_never_counted_far_too_low(tags, times):
    html = "".join(tags) * times
    assert depth_allowed(html) * 4 + 12 >= real_depth(html)


@pytest.mark.parametrize(
    ("html", "limits"),
    [
        ("<p>" * 11, Limits(10, 99, 99, 99, 99, 99)),
        ("<div>" * 11, Limits(99, 10, 99, 99, 99, 99)),
        ("<p " + "a " * 11 + ">", Limits(99, 99, 10, 99, 99, 99)),
        ("<p a b c d>" * 3, Limits(99, 99, 99, 10, 99, 99)),
        ("<div>" * 6, Limits(99, 99, 99, 99, 10, 99)),
        ("&amp;\xa0" * 6, Limits(99, 99, 99, 99, 99, 10)),
    ],
)
def test_each_limit_holds(html, limits):
    assert is_within(html, WIDE)
    assert not is_within(html, limits)


@pytest.mark.parametrize(
    "tag",
    ['<p a="b c d" e>', "<p a='x > y' e>", "<p a=b e>", "<p  a =  b\n/e>", '<p a="b"e>'],
)
def test_quoted_values_count_as_one_attribute(tag):
    assert is_within(tag, Limits(1, 99, 2, 99, 99, 99))
    assert not is_within(tag, Limits(1, 99, 1, 99, 99, 99))
