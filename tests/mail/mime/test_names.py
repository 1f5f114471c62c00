import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail.mime.names import MAX_BYTES, safe_name


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("report.pdf", "report.pdf"),
        ("Bericht März.pdf", "Bericht März.pdf"),
        ("Ma\u0308rz.pdf", "März.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\Windows\\cmd.exe", "cmd.exe"),
        ("a/b\\c.txt", "c.txt"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("a\u200bb\u2066c\ufeff.txt", "abc.txt"),
        ("a\x00b\x1fc.txt", "abc.txt"),
        ("two\r\n\tlines.txt", "two lines.txt"),
        (".htaccess", "htaccess"),
        ("...", "attachment"),
        ("name.txt. . ", "name.txt"),
        ("", "attachment"),
        ("CON", "_CON"),
        ("nul.txt", "_nul.txt"),
        ("com1.tar.gz", "_com1.tar.gz"),
        ("console.txt", "console.txt"),
        ('a<b>:"|?*.txt', "a_b______.txt"),
        ("a\ud800b.txt", "ab.txt"),
        ("dir/", "attachment"),
    ],
)
def test_names_are_made_safe(name, safe):
    assert safe_name(name) == safe


def test_long_names_keep_their_extension():
    name = safe_name("ü" * 4000 + ".tar.docx")
    assert name.endswith("ü") or name.endswith(".docx")
    assert safe_name("ü" * 300 + ".docx").endswith("ü.docx")
    assert len(safe_name("ü" * 300 + ".docx").encode()) <= MAX_BYTES
    assert len(safe_name("a" * 200 + "." + "b" * 100).encode()) == MAX_BYTES


def test_the_fallback_is_the_callers():
    assert safe_name("/", "message.eml") == "message.eml"


@given(st.text(max_size=300))
def test_no_name_is_empty_long_or_a_path(name):
    safe = safe_name(name)
    assert 0 < len(safe.encode("utf-8")) <= MAX_BYTES
    assert not set(safe) & set('/\\\0\r\n\u202e<>:"|?*')
    assert safe.strip(". ") == safe
    assert safe_name(safe) == safe
