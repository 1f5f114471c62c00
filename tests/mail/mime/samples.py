"""Mails that the tests build."""

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 20


def mail(*headers: str, body: bytes | str = b"Hello") -> bytes:
    """A mail of raw header lines and a body, with CRLF."""
    content = body if isinstance(body, bytes) else body.encode()
    return "\r\n".join(headers).encode("utf-8", "surrogateescape") + b"\r\n\r\n" + content


def multipart(kind: str, *parts: bytes, boundary: str = "=_b") -> bytes:
    """A multipart mail of the given kind ("mixed", "alternative", …)."""
    delimiter = b"\r\n--" + boundary.encode()
    body = b"".join(delimiter + b"\r\n" + part for part in parts) + delimiter + b"--\r\n"
    return mail("Subject: parts", f'Content-Type: multipart/{kind}; boundary="{boundary}"', body=body)


def nested(depth: int) -> bytes:
    """Multipart in multipart in multipart, none of them closed."""
    levels = [b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(depth)]
    return b"Subject: deep\n" + b"".join(levels) + b"\nend"
