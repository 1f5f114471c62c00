"""The visitor of bin/run --once, against a small site of its own."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import pytest

from mailhelper.services import onetime, ports, visit
from mailhelper.services.errors import ServiceError

SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
FORM = """
<form action="/language/"><input type="hidden" name="code" value="de"></form>
<form method="post"><input type="hidden" name="csrf" value="tok&amp;en"><input name="x"></form>
"""


class Site(BaseHTTPRequestHandler):
    """Password, then code, then pages; cookies are Secure, as ours are."""

    pages = {
        "/": '<a href="/mail/17/?urgency=3">Hello</a>',
        "/inbox/": '<a href="/mail/17/">Hello</a>',
        "/mail/17/": '<div class="mail-text">Hello</div>',
    }
    broken: dict[str, int] = {}

    def do_GET(self) -> None:
        if self.path in self.broken:
            self.answer(self.broken[self.path], "broken")
        elif self.path.startswith("/sign-in/"):
            self.answer(200, FORM)
        elif "session=open" in self.headers["Cookie"]:
            self.answer(200, self.pages[self.path])
        else:
            self.answer(302, "", Location="/sign-in/")

    def do_POST(self) -> None:
        sent = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        assert self.headers["Host"].startswith("localhost:")
        assert sent["csrf"] == ["tok&en"]
        if sent.get("password") == ["right"]:
            self.answer(
                302, "", **{"Location": "/sign-in/code/", "Set-Cookie": "session=half; Secure; Path=/"}
            )
        elif sent.get("code") == [onetime.code(SECRET)]:
            self.answer(302, "", **{"Location": "/", "Set-Cookie": "session=open; Secure; Path=/"})
        else:
            self.answer(200, FORM)

    def answer(self, status: int, text: str, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setattr(Site, "broken", {})
    with ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def test_it_signs_in_and_finds_matrix_inbox_and_a_mail(port: int) -> None:
    visit.look_around(visit.sign_in(port, "demo", "right", SECRET))


def test_a_refused_password_is_said(port: int) -> None:
    with pytest.raises(ServiceError, match="password was refused"):
        visit.sign_in(port, "demo", "wrong", SECRET)


def test_a_page_that_fails_is_said(port: int) -> None:
    Site.broken["/inbox/"] = 500
    with pytest.raises(ServiceError, match="The page /inbox/ answered 500"):
        visit.look_around(visit.sign_in(port, "demo", "right", SECRET))


def test_an_empty_inbox_is_said(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(Site.pages, "/inbox/", "nothing")
    with pytest.raises(ServiceError, match="shows no mail"):
        visit.look_around(visit.sign_in(port, "demo", "right", SECRET))


def test_a_mail_that_does_not_open_is_said(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(Site.pages, "/mail/17/", "damaged")
    with pytest.raises(ServiceError, match="The page /mail/17/ shows no mail"):
        visit.look_around(visit.sign_in(port, "demo", "right", SECRET))


def test_it_answers_only_where_somebody_listens(port: int) -> None:
    assert visit.answers(port)
    assert not visit.answers(ports.free_port())


def test_an_error_of_the_web_process_is_not_waited_out(port: int) -> None:
    Site.broken["/sign-in/"] = 503
    with pytest.raises(ServiceError, match="answers 503"):
        visit.answers(port)
