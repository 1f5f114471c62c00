"""A reader whose every word is a mark: mail, mailbox, passwords. What they do goes through the real pages."""

import html
import re
import secrets
from base64 import b64encode, urlsafe_b64decode
from dataclasses import dataclass, field
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts import authenticator, invitations, keyring, unlocking
from accounts.keyring import Vault
from accounts.models import Authenticator, ContentKey, Identity, MailAccount, User
from accounts.recovery import read_recovery_key
from mail.models import Email, Folder
from tests.softkey import SoftKey

TOKEN = f"canary{secrets.token_hex(5)}"


def mark(name: str) -> str:
    """A word that stands nowhere else in the world."""
    return f"{TOKEN}{name}"


MARKS = {
    name: mark(name)
    for name in (
        *("sender", "display", "recipient", "replyto", "subject", "text", "markup", "link", "attachment"),
        *("filename", "folder", "messageid", "reference", "listid", "header", "opaque", "damaged"),
        *("accountname", "address", "mailuser", "mailpassword", "newpassword", "wrongpassword"),
        *("smtphost", "smtpuser", "smtppassword", "leftout", "lookedup"),
        *("wronghost", "readerpassword", "typo", "browser", "failure", "passkeyname"),
    )
}

FOLDER = f"{MARKS['folder']} Pr&APw-f"


def letters() -> list[bytes]:
    """The mails of the inbox."""
    return [_full(), _reply(), _opaque(), _damaged()]


def _full() -> bytes:
    subject = b64encode(f"Grüße {MARKS['subject']}".encode()).decode()
    attachment = b64encode(f"{MARKS['attachment']} ".encode() * 40).decode()
    return (
        f'From: "{MARKS["display"]} Müller" <{MARKS["sender"]}@example.org>\r\n'
        f"To: {MARKS['recipient']}@example.org\r\nReply-To: {MARKS['replyto']}@example.org\r\n"
        f"Subject: =?utf-8?B?{subject}?=\r\nDate: Mon, 16 Nov 2026 09:00:00 +0000\r\n"
        f"Message-ID: <{MARKS['messageid']}@example.org>\r\n"
        f"List-Id: <{MARKS['listid']}.example.org>\r\nX-Something: {MARKS['header']}\r\n"
        "MIME-Version: 1.0\r\n"
        'Content-Type: multipart/mixed; boundary="m"\r\n\r\n'
        '--m\r\nContent-Type: multipart/alternative; boundary="a"\r\n\r\n'
        f"--a\r\nContent-Type: text/plain\r\n\r\nPlease pay by 30 November: {MARKS['text']}\r\n"
        f"--a\r\nContent-Type: text/html\r\n\r\n<p>{MARKS['markup']}</p>"
        f'<img src="https://{MARKS["link"]}.example/x.gif">\r\n--a--\r\n'
        f'--m\r\nContent-Type: text/plain; name="{MARKS["filename"]}.txt"\r\n'
        f'Content-Disposition: attachment; filename="{MARKS["filename"]}.txt"\r\n'
        f"Content-Transfer-Encoding: base64\r\n\r\n{attachment}\r\n--m--\r\n"
    ).encode()


def _reply() -> bytes:
    return (
        f"From: bob@example.org\r\nSubject: Re\r\nMessage-ID: <x@example.org>\r\n"
        f"References: <{MARKS['reference']}@example.org> <{MARKS['messageid']}@example.org>\r\n\r\nYes.\r\n"
    ).encode()


def _opaque() -> bytes:
    """Too many parts to be read: shown as source."""
    parts = "--b\r\n\r\nx\r\n" * 1200
    return (
        f'Subject: {MARKS["opaque"]}\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n{parts}'
    ).encode()


def _damaged() -> bytes:
    """Its row will be damaged."""
    return f"From: bob@example.org\r\nSubject: {MARKS['damaged']}\r\n\r\nBefore the damage.\r\n".encode()


@dataclass
class Walk:
    """A browser, the reader behind it, and every key that was ever in anybody's hands."""

    port: int
    browser: Client = field(default_factory=lambda: _browser())
    known: dict[str, bytes] = field(default_factory=dict)
    name: str = "dora"

    @property
    def user(self) -> User:
        return User.objects.get(username=self.name)

    @property
    def device(self) -> Authenticator:
        return Authenticator.objects.filter(user=self.user).earliest("pk")

    @property
    def account(self) -> MailAccount:
        return MailAccount.objects.for_user(self.user).earliest("pk")

    def get(self, path: str, status: int = 200, **headers: str) -> bytes:
        response = self.browser.get(path, headers=headers)
        self._keep_half()
        assert response.status_code == status, (path, response.status_code)
        return b"".join(response) if response.streaming else response.content

    def post(self, path: str, values: dict[str, Any] | None = None, status: int = 302, **headers: str) -> Any:
        response = self.browser.post(path, values or {}, headers=headers)
        self._keep_half()
        assert response.status_code == status, (path, response.status_code, response.content[:3000])
        return response

    def begin_sign_up(self) -> None:
        """As far as the recovery key that is shown: both it and the codes are kept over a reload."""
        row = invitations.make("dora@example.org")
        path = f"/sign-up/{invitations.token_of(row)}/"
        password = MARKS["readerpassword"]
        self.post(path, {"username": self.name, "password": password, "password_again": password})
        self.post("/sign-up/authenticator/", {"code": "000000"}, 422)
        Authenticator.objects.update(throttling_failure_timestamp=None, throttling_failure_count=0)
        self.post("/sign-up/authenticator/", {"code": authenticator.code_of(self.device)[0]})
        page = self.get("/sign-up/codes/").decode()
        self.codes = re.findall(r"<code>([0-9A-Z-]{19})</code>", page)
        assert len(self.codes) == 10

    def see_recovery_key(self) -> None:
        self.post("/sign-up/codes/")
        self.page = html.unescape(self.get("/sign-up/key/").decode())

    def finish_sign_up(self) -> None:
        groups = re.findall(r"<code>([0-9A-Z]{4})</code>", self.page)
        asked = [int(number) - 1 for number in re.findall(r">\s*Group (\d)", self.page)]
        self.recovery_key = "-".join(groups)
        self.post("/sign-up/key/", {"first": groups[asked[0]], "second": groups[asked[1]]})

    def sign_in(self) -> None:
        """Wrong once, then with a backup code: the authenticator's code was used in this half minute."""
        self.post("/sign-in/", {"username": self.name, "password": MARKS["typo"]}, 422)
        self.post("/sign-in/", {"username": self.name, "password": MARKS["readerpassword"]})
        self.post("/sign-in/code/", {"code": self.codes.pop()})

    def fields(self, **more: Any) -> dict[str, Any]:
        """The form of the mail account."""
        values = {
            "name": MARKS["accountname"],
            "address": f"{MARKS['address']}@example.org",
            "host": "127.0.0.1",
            "port": self.port,
            "security": "none",
            "username": MARKS["mailuser"],
            "password": MARKS["mailpassword"],
            "sync_every": 300,
        }
        return {**values, **more}

    def use_second_factors(self) -> None:
        """A passkey, and a look at another authenticator that is never confirmed."""
        add, make = "/settings/security/passkeys/add/", "/settings/security/passkeys/make/"
        self.post(add, {"label": MARKS["passkeyname"], "password": MARKS["typo"]}, 422)
        self.post(add, {"label": MARKS["passkeyname"], "password": MARKS["readerpassword"]})
        options = re.findall(r'data-options="([^"]*)"', self.get(make).decode())
        self.post(make, {"credential": SoftKey().make(html.unescape(options[0]))})
        assert MARKS["passkeyname"].encode() in self.get("/settings/security/")
        self.get("/settings/security/authenticator/?lost=1")

    def add_accounts(self) -> None:
        """One that works, and one on a server that does not exist."""
        self.post("/accounts/add/", self.fields())
        host = f"{MARKS['wronghost']}.invalid"
        other = self.fields(name="Other", host=host, port=993, security="tls", left_out=MARKS["leftout"])
        self.post("/accounts/add/", {**other, **self.sending()})
        self.browser.post("/accounts/find/", {"address": f"{MARKS['lookedup']}@{MARKS['wronghost']}.invalid"})

    def sending(self) -> dict[str, Any]:
        """The part of the form for sending."""
        return {
            "smtp_host": f"{MARKS['smtphost']}.invalid",
            "smtp_username": MARKS["smtpuser"],
            "smtp_own": "on",
            "smtp_password": MARKS["smtppassword"],
        }

    def test_accounts(self) -> None:
        """Test connection, right and wrong, whole page and part of it."""
        pk = self.account.pk
        found = self.browser.post("/accounts/test/", self.fields(account=pk, password=""))
        assert found.status_code == 200
        self.browser.post("/accounts/test/", self.fields(password=MARKS["wrongpassword"]))
        self.browser.post("/accounts/test/", self.fields(port="no number"), headers={"HX-Request": "true"})
        host = f"{MARKS['wronghost']}.invalid"
        self.browser.post("/accounts/test/", self.fields(host=host), headers={"HX-Request": "true"})

    def edit_account(self) -> None:
        path = f"/accounts/{self.account.pk}/edit/"
        assert MARKS["mailuser"].encode() in self.get(path)
        self.post(path, self.fields(port="no number"), 422)
        self.post(path, self.fields(name="Dora's", password=MARKS["newpassword"]))
        self.post(path, self.fields(password=MARKS["mailpassword"]))

    def see_accounts(self) -> None:
        assert MARKS["accountname"].encode() in self.get("/accounts/")
        for pk in MailAccount.objects.for_user(self.user).values_list("pk", flat=True):
            self.browser.get(f"/accounts/{pk}/progress/", headers={"HX-Request": "true"})
            self.get(f"/accounts/{pk}/delete/")
            self.browser.post(f"/accounts/{pk}/doctor/")
        self.post("/accounts/background/", {"until": "revoked"})

    def read_mail(self) -> None:
        """Matrix, lists, and every mail in every way."""
        shown = self.get("/") + self.get("/inbox/")
        for folder in Folder.objects.for_user(self.user):
            shown += self.get(f"/inbox/?folder={folder.pk}")
            self.get(f"/inbox/?folder={folder.pk}", HX_Request="true")
        for pk in Email.objects.for_user(self.user).values_list("pk", flat=True):
            for view in ("text", "html", "source"):
                shown += self.get(f"/mail/{pk}/?view={view}")
            shown += self.browser.get(f"/mail/{pk}/body/").content
            shown += self.browser.get(f"/mail/{pk}/source/").content
            for index in range(4):
                shown += self.browser.get(f"/mail/{pk}/parts/{index}/").content
        missing = {name for name in _READ if MARKS[name].encode() not in shown}
        assert not missing, f"pages did not show {missing}: their guard would show nothing"

    def damage(self) -> None:
        """Rows that no longer open, looked at."""
        email = Email.objects.for_user(self.user).latest("uid")
        head = bytearray(email.head)
        head[-1] ^= 1
        Email.objects.for_user(self.user).filter(pk=email.pk).update(head=bytes(head))
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE mail_message SET raw = head FROM mail_email WHERE email_id = id AND id = %s",
                [email.pk],
            )
        self.get("/inbox/")
        for path in ("", "?view=html", "?view=source"):
            self.get(f"/mail/{email.pk}/{path}")
        self.get(f"/mail/{email.pk}/source/", 404)

    def take_along(self) -> None:
        """All mail as an archive, and one of them brought in from it again."""
        path = "/settings/leaving/export/"
        self.post(path, {"export-password": MARKS["typo"]}, 422)
        archive = b"".join(self.post(path, {"export-password": MARKS["readerpassword"]}, 200))
        Email.objects.for_user(self.user).earliest("uid").delete()
        before = Email.objects.for_user(self.user).count()
        file = SimpleUploadedFile("export.zip", archive, "application/zip")
        self.post("/settings/leaving/import/", {"archive": file}, origin="http://localhost")
        assert Email.objects.for_user(self.user).count() > before

    def lock(self) -> None:
        self.post("/lock/")

    def unlock(self) -> None:
        self.post("/locked/", {"password": MARKS["typo"]}, 422)
        self.post("/locked/", {"password": MARKS["readerpassword"]})

    def sign_out(self) -> None:
        self.post("/sign-out/")

    def keys(self) -> dict[str, bytes]:
        """Every key there is by now, by its name."""
        return {**self.known, **self._keys_of_the_reader(), **self._second_factor(), **self._written_down()}

    def public_key(self) -> bytes:
        """No secret."""
        return bytes(Identity.objects.for_user(self.user).get().public_key)

    def _second_factor(self) -> dict[str, bytes]:
        """What apps were given."""
        found = {}
        for row in Authenticator.objects.filter(user=self.user):
            found[f"authenticator {row.pk}"] = row.key
            found[f"authenticator {row.pk}, base 32"] = authenticator.secret_of(row).encode()
        return found

    def _keys_of_the_reader(self) -> dict[str, bytes]:
        identity = Identity.objects.for_user(self.user).get()
        key = keyring.password_key(identity, MARKS["readerpassword"])
        vault: Vault = keyring.unlock(identity, key)
        rows = ContentKey.objects.for_user(self.user)
        content = {f"content key {row.pk}": vault.open_to_reader(row, "sealed") for row in rows}
        return {
            "password's key": key.material,
            "identity": vault.secret,
            "identity, ML-KEM seed": vault.secret[:64],
            "identity, X25519": vault.secret[64:],
            "sync key": vault.sync_key.material,
            "hash key": vault.hash_key,
            **content,
        }

    def _written_down(self) -> dict[str, bytes]:
        if not hasattr(self, "page"):
            return {}
        text = re.findall(r"<code>([0-9A-Z]{4})</code>", self.page)
        codes = {f"backup code {code[:4]}": code.encode() for code in self.codes}
        bare = {f"{name}, bare": code.replace(b"-", b"") for name, code in codes.items()}
        key = "-".join(text)
        recovery = {"recovery key": key.encode(), "recovery key, bare": "".join(text).encode()}
        return {**codes, **bare, **recovery, "recovery key, bytes": read_recovery_key(key)}

    def _keep_half(self) -> None:
        cookie = self.browser.cookies.get(unlocking.COOKIE)
        if cookie and cookie.value:
            self.known[f"cookie's half {len(self.known)}"] = urlsafe_b64decode(cookie.value)


#: What some page or file must have shown.
_READ = {
    *("sender", "display", "recipient", "subject", "text", "markup", "attachment", "filename", "folder"),
    *("messageid", "reference", "listid", "header", "opaque", "damaged", "accountname", "link", "replyto"),
}


def _browser() -> Client:
    agent = f"Mozilla/5.0 {MARKS['browser']}"
    return Client(SERVER_NAME="localhost", headers={"user-agent": agent})


def now() -> float:
    """Seconds since the epoch, a little earlier."""
    return timezone.now().timestamp() - 2
