"""Sign in over HTTP as a person would, and look at three pages. Standard library only.

Our cookies are Secure; browsers send them to http://localhost all the same, and so does this visitor.
"""

import http.client
import re
import time
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from urllib.parse import urlencode, urljoin, urlsplit

from mailhelper.services import onetime, ports
from mailhelper.services.errors import ServiceError

SIGN_IN = "/sign-in/"
REDIRECTS = 5
MAIL_TEXT = re.compile(r'class="mail-(text|html|source)"')  # absent where a mail does not open
MAIL_LINK = re.compile(r'href="(/mail/\d+/)(?=[?"])')


class Unreachable(ServiceError):
    """Nobody answers at the port."""


@dataclass(frozen=True)
class Page:
    path: str
    status: int
    text: str = field(repr=False)


class Visitor:
    """A browser of few words: cookies, redirects, forms. It talks to 127.0.0.1 and says localhost."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._cookies: dict[str, str] = {}

    def get(self, path: str) -> Page:
        return self._follow("GET", path, "")

    def submit(self, page: Page, **values: str) -> Page:
        """Post the form of `page` to its own address, hidden fields as they stand."""
        return self._follow("POST", page.path, urlencode({**_hidden(page), **values}))

    def _follow(self, method: str, path: str, body: str) -> Page:
        for _ in range(REDIRECTS):
            page, onward = self._ask(method, path, body)
            if onward is None:
                return page
            method, body = "GET", ""
            path = urlsplit(urljoin(f"http://localhost{path}", onward)).path
        raise ServiceError(f"The page {path} sends its visitor round and round.")

    def _ask(self, method: str, path: str, body: str) -> tuple[Page, str | None]:
        connection = http.client.HTTPConnection(ports.LOOPBACK, self._port, timeout=60)
        headers = {"Host": f"localhost:{self._port}", "Connection": "close"}
        headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        if body:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            connection.request(method, path, body=body or None, headers=headers)
            answer = connection.getresponse()
            text = answer.read().decode("utf-8", errors="replace")
        except OSError as error:
            raise Unreachable(f"The page {path} does not answer: {error}.") from error
        finally:
            connection.close()
        for line in answer.headers.get_all("Set-Cookie", []):
            self._keep(line)
        onward = answer.headers["Location"] if answer.status in (301, 302, 303) else None
        return Page(path, answer.status, text), onward

    def _keep(self, line: str) -> None:
        for name, morsel in SimpleCookie(line).items():
            if morsel.value and morsel["max-age"] != "0":
                self._cookies[name] = morsel.value
            else:
                self._cookies.pop(name, None)


class _Fields(HTMLParser):
    """The hidden fields of the form that posts to `path`: a page has others, to change the language."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.hidden: dict[str, str] = {}
        self._targets = (path, "", None)
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        name = found.get("name")
        if tag == "form":
            self._inside = found.get("action") in self._targets
        elif tag == "input" and found.get("type") == "hidden" and name and self._inside:
            self.hidden[name] = found.get("value") or ""


def _hidden(page: Page) -> dict[str, str]:
    fields = _Fields(page.path)
    fields.feed(page.text)
    return fields.hidden


def answers(port: int) -> bool:
    """Whether the web process answers. Raises ServiceError when it does so with an error of its own."""
    try:
        page = Visitor(port).get(SIGN_IN)
    except Unreachable:
        return False
    if page.status >= 500:
        raise ServiceError(f"The web process answers {page.status}: its log tells why.")
    return True


def sign_in(port: int, user: str, password: str, secret: str) -> Visitor:
    """Come in with password and one-time code. Raises ServiceError with what was refused."""
    visitor = Visitor(port)
    page = visitor.submit(_expect(visitor.get(SIGN_IN), SIGN_IN), username=user, password=password)
    for _ in range(2):
        if page.path == SIGN_IN:
            raise ServiceError("The demo reader's password was refused.")
        page = visitor.submit(page, code=onetime.code(secret))
        if not page.path.startswith(SIGN_IN):
            return visitor
        time.sleep(onetime.seconds_left() + 1)  # a code opens once: another start may have used this one
    raise ServiceError("The demo reader's one-time code was refused.")


def look_around(visitor: Visitor) -> None:
    """Open the matrix, the inbox and one mail. Raises ServiceError with what was not as expected."""
    matrix = _expect(visitor.get("/"), "/")
    if not MAIL_LINK.search(matrix.text):
        raise ServiceError("The matrix shows no mail.")
    inbox = _expect(visitor.get("/inbox/"), "/inbox/")
    link = MAIL_LINK.search(inbox.text)
    if link is None:
        raise ServiceError("The inbox shows no mail.")
    mail = _expect(visitor.get(link[1]), link[1])
    if not MAIL_TEXT.search(mail.text):
        raise ServiceError(f"The page {link[1]} shows no mail.")


def _expect(page: Page, path: str) -> Page:
    if page.status != 200 or page.path != path:
        raise ServiceError(f"The page {path} answered {page.status} at {page.path}.")
    return page
