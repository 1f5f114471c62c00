import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mail.mime.parse import parse
from mail.mime.parts import image_type, inline_images, part
from tests.corpus import real_mails
from tests.mail.mime.samples import PNG, mail, multipart, nested

GIF = b"GIF89a" + b"\1" * 10


def image(content: bytes, content_id: str, kind: str = "image/png") -> bytes:
    return f"Content-Type: {kind}\r\nContent-ID: <{content_id}>\r\n\r\n".encode() + content


def test_a_part_is_found_again_by_the_index_that_parsing_gave():
    raw = multipart(
        "mixed",
        b"\r\nwords",
        b"Content-Type: application/zip; name=a.zip\r\nContent-Transfer-Encoding: base64\r\n\r\nQUJD",
        b"Content-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\ninner",
    )
    for known in parse(raw).attachments:
        found, content = part(raw, known.index)
        assert found == known
        assert len(content) == known.size
    assert part(raw, 1)[1] == b"ABC"
    assert part(raw, 2)[1] == b"Subject: x\r\n\r\ninner"


def test_attachments_of_real_mails_are_found_again():
    for raw in real_mails():
        for known in parse(raw).attachments:
            found, content = part(raw, known.index)
            assert (found.name, found.size) == (known.name, known.size) == (known.name, len(content))


@pytest.mark.parametrize("index", [-1, 1, 10_000])
def test_an_index_that_is_not_there_is_a_lookup_error(index):
    with pytest.raises(LookupError):
        part(mail("Subject: x"), index)


def test_a_mail_out_of_bounds_has_no_parts():
    with pytest.raises(LookupError):
        part(nested(60), 0)
    assert inline_images(nested(60)) == {}


def test_inline_images_are_told_by_their_bytes_and_the_first_of_an_id_wins():
    raw = multipart(
        "related",
        image(PNG, "a@b", "image/jpeg"),
        image(GIF, "a@b"),
        image(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "svg@b", "image/svg+xml"),
        image(GIF, "gif@b", "application/octet-stream"),
        b"Content-Type: image/png\r\n\r\n" + PNG,
    )
    assert inline_images(raw) == {"a@b": ("image/png", PNG), "gif@b": ("image/gif", GIF)}


def test_inline_images_stop_at_the_limit():
    raw = multipart("related", image(PNG, "a@b"), image(PNG, "c@d"))
    assert list(inline_images(raw, limit=len(PNG) + 1)) == ["a@b"]


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF87a", "image/gif"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
        (b"RIFF\0\0\0\0WAVE", ""),
        (b"<svg", ""),
        (b"", ""),
    ],
)
def test_only_four_kinds_are_images(data, kind):
    assert image_type(data) == kind


@given(st.binary(max_size=500), st.integers(-2, 5))
@settings(max_examples=100, deadline=None)
def test_any_bytes_give_a_part_or_a_lookup_error(raw, index):
    try:
        assert len(part(raw, index)) == 2
    except LookupError:
        assert index != 0
    assert isinstance(inline_images(raw), dict)
