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
MAIL_LINK = re.compile(r'href="(/mail/\d+/)')


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
        return self._follow("POST", page.path, urlencode({**_hidden(page.text), **values}))

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
    def __init__(self) -> None:
        super().__init__()
        self.hidden: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        name = found.get("name")
        if tag == "input" and found.get("type") == "hidden" and name:
            self.hidden[name] = found.get("value") or ""


def _hidden(text: str) -> dict[str, str]:
    fields = _Fields()
    fields.feed(text)
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


def look_around(port: int, user: str, password: str, secret: str) -> None:
    """Sign in, open the matrix, the inbox and one mail. Raises ServiceError with what was not as expected."""
    visitor = Visitor(port)
    _sign_in(visitor, user, password, secret)
    _expect(visitor.get("/"), "/")
    inbox = _expect(visitor.get("/inbox/"), "/inbox/")
    link = MAIL_LINK.search(inbox.text)
    if link is None:
        raise ServiceError("The inbox shows no mail.")
    mail = _expect(visitor.get(link[1]), link[1])
    if "<iframe" not in mail.text and "<pre" not in mail.text:
        raise ServiceError(f"The page {link[1]} shows no mail.")


def _sign_in(visitor: Visitor, user: str, password: str, secret: str) -> None:
    page = visitor.submit(_expect(visitor.get(SIGN_IN), SIGN_IN), username=user, password=password)
    for attempt in range(3):
        if page.path == SIGN_IN:
            raise ServiceError("The demo reader's password was refused.")
        page = visitor.submit(page, code=_code(secret, attempt))
        if not page.path.startswith(SIGN_IN):
            return
    raise ServiceError("The demo reader's one-time code was refused.")


def _code(secret: str, attempt: int) -> str:
    """A code opens once. Where today's was used a moment ago the next one may do, else we wait for it."""
    if attempt == 0:
        return onetime.code(secret)
    if attempt == 1:
        time.sleep(2)
        return onetime.code(secret, time.time() + onetime.STEP)
    time.sleep(onetime.seconds_left() + 1)
    return onetime.code(secret)


def _expect(page: Page, path: str) -> Page:
    if page.status != 200 or page.path != path:
        raise ServiceError(f"The page {path} answered {page.status} at {page.path}.")
    return page
