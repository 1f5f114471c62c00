"""Passkeys through the pages: made with the password, used after it, once a challenge."""

import html
import json
import random
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from django.test import Client, RequestFactory

from accounts import passkeys, secondfactors
from accounts.models import Passkey, ReaderSession, SecurityEvent
from accounts.passkeys import Refused, Site
from tests.accounts.conftest import code_of
from tests.conftest import PASSWORD, Reader, sign_in
from tests.softkey import SoftKey, read, written

SIGN_IN, CODE, USE = "/sign-in/", "/sign-in/code/", "/sign-in/passkey/"
SECURITY, ADD, MAKE = (
    "/settings/security/",
    "/settings/security/passkeys/add/",
    "/settings/security/passkeys/make/",
)
HERE = Site("localhost", "http://localhost")


def at_home(reader: Reader) -> Client:
    """A signed-in browser at the host that passkeys are made for."""
    client = sign_in(reader)
    client.defaults["SERVER_NAME"] = "localhost"
    return client


def options_on(page: bytes) -> str:
    found = re.search(r'data-options="([^"]*)"', page.decode())
    return html.unescape(found[1]) if found else ""


def begin(client: Client, label: str = "My laptop") -> str:
    """The options that the page gives the browser, once name and password were given."""
    assert client.post(ADD, {"label": label, "password": PASSWORD}).headers["Location"] == MAKE
    return options_on(client.get(MAKE).content)


def added(reader: Reader, key: SoftKey, label: str = "My laptop") -> Passkey:
    client = at_home(reader)
    response = client.post(MAKE, {"credential": key.make(begin(client, label))})
    assert response.headers["Location"] == SECURITY
    return Passkey.objects.for_user(reader.user).latest("pk")


def first_factor(browser: Client, name: str = "alice") -> str:
    """What the page of the second step asks of passkeys."""
    assert browser.post(SIGN_IN, {"username": name, "password": PASSWORD}).status_code == 302
    return options_on(browser.get(CODE).content)


def kinds(reader: Reader) -> list[str]:
    return list(SecurityEvent.objects.for_user(reader.user).order_by("pk").values_list("kind", flat=True))


def test_a_passkey_is_added_and_listed_by_its_name(alice: Reader) -> None:
    row = added(alice, SoftKey())
    assert row.transports == "internal,usb"
    assert b"laptop" not in bytes(row.label)
    assert kinds(alice)[-1] == SecurityEvent.Kind.PASSKEY_ADDED
    page = at_home(alice).get(SECURITY).content.decode()
    assert "My laptop" in page
    assert page.count("Never used.") == 2


def test_it_takes_the_place_of_the_code(visitor: Client, alice: Reader) -> None:
    key = SoftKey()
    row = added(alice, key)
    asked = first_factor(visitor)
    response = visitor.post(USE, {"credential": key.use(asked), "next": "/inbox/"})
    assert response.headers["Location"] == "/inbox/"
    assert visitor.get("/accounts/").status_code == 200
    assert SecurityEvent.Kind.SIGNED_IN in kinds(alice)
    row.refresh_from_db()
    assert row.used_at is not None
    assert row.sign_count == 2


def test_the_code_works_beside_it(visitor: Client, alice: Reader) -> None:
    added(alice, SoftKey())
    first_factor(visitor)
    assert visitor.post(CODE, {"code": code_of(alice)}).status_code == 302
    assert "passkey" not in visitor.session


def test_without_the_password_it_opens_nothing(visitor: Client, alice: Reader) -> None:
    key = SoftKey()
    added(alice, key)
    options = json.dumps({"rpId": "localhost", "challenge": passkeys.new_challenge()})
    assert visitor.post(USE, {"credential": key.use(options)}).headers["Location"] == SIGN_IN


def test_who_has_none_is_asked_for_none(visitor: Client, alice: Reader) -> None:
    assert first_factor(visitor) == ""
    assert "js/passkeys" not in visitor.get(CODE).content.decode()
    assert visitor.post(USE, {"credential": "{}"}).status_code == 422


def test_anothers_passkey_is_worth_nothing(visitor: Client, alice: Reader, bob: Reader) -> None:
    added(alice, SoftKey())
    key = SoftKey()
    added(bob, key)
    assert visitor.post(USE, {"credential": key.use(first_factor(visitor))}).status_code == 422
    assert kinds(alice)[-1] == SecurityEvent.Kind.SIGN_IN_FAILED
    assert not ReaderSession.objects.for_user(alice.user).filter(session=visitor.session.session_key).exists()


@pytest.mark.parametrize(
    "cheat",
    [
        {"origin": "http://evil.example"},
        {"origin": "https://localhost"},
        {"challenge": written(bytes(64))},
        {"type": "webauthn.create"},
    ],
)
def test_an_answer_to_something_else_is_refused(
    visitor: Client, alice: Reader, cheat: dict[str, str]
) -> None:
    key = SoftKey()
    added(alice, key)
    response = visitor.post(USE, {"credential": key.use(first_factor(visitor), **cheat)})
    assert response.status_code == 422
    assert "This passkey was not taken." in response.content.decode()
    assert options_on(response.content)


def test_a_challenge_of_another_sign_in_is_refused(visitor: Client, alice: Reader) -> None:
    key, other = SoftKey(), Client(SERVER_NAME="localhost")
    added(alice, key)
    asked = first_factor(other)
    first_factor(visitor)
    assert visitor.post(USE, {"credential": key.use(asked)}).status_code == 422


def test_an_answer_works_once(visitor: Client, alice: Reader) -> None:
    key = SoftKey(counts=False)
    added(alice, key)
    answer = key.use(first_factor(visitor))
    visitor.post(USE, {"credential": "{}"})
    assert visitor.post(USE, {"credential": answer}).status_code == 422


@pytest.mark.django_db(transaction=True)
def test_of_four_requests_with_one_answer_one_passes(alice: Reader, settings: Any) -> None:
    """Of a passkey that does not count: its challenge alone is what is used up."""
    settings.RATELIMIT_ENABLE = False
    key, browser = SoftKey(counts=False), Client(SERVER_NAME="localhost")
    added(alice, key)
    answer = key.use(first_factor(browser))
    together = threading.Barrier(4)
    copies = [Client(SERVER_NAME="localhost") for _ in range(4)]
    for copy in copies:
        copy.cookies = browser.cookies.copy()

    def enter(copy: Client) -> str:
        together.wait()
        try:
            return str(copy.post(USE, {"credential": answer}).headers.get("Location", ""))
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(enter, copies))
    assert found.count("/") == 1


@pytest.mark.parametrize("count", [1, 0])
def test_one_that_counts_backwards_is_refused_and_named(visitor: Client, alice: Reader, count: int) -> None:
    key = SoftKey(count=5)
    row = added(alice, key)
    key.count = count
    response = visitor.post(USE, {"credential": key.use(first_factor(visitor))})
    assert response.status_code == 422
    assert "somebody may have a copy of it" in response.content.decode()
    row.refresh_from_db()
    assert row.sign_count == 5


def test_one_that_never_counts_is_taken_again_and_again(alice: Reader) -> None:
    key = SoftKey(counts=False)
    added(alice, key)
    for _ in range(2):
        browser = Client(SERVER_NAME="localhost")
        assert browser.post(USE, {"credential": key.use(first_factor(browser))}).status_code == 302


def test_five_failures_of_passkeys_lock_out_as_those_of_codes_do(
    visitor: Client, alice: Reader, settings: Any
) -> None:
    settings.RATELIMIT_ENABLE = False
    key = SoftKey()
    added(alice, key)
    asked = first_factor(visitor)
    for _ in range(5):
        asked = options_on(visitor.post(USE, {"credential": key.use(asked, origin="http://x")}).content)
    response = visitor.post(USE, {"credential": key.use(asked)})
    assert response.status_code == 422
    assert "Too many tries" in response.content.decode()


def test_of_the_passkey_a_finger_or_pin_is_preferred(visitor: Client, alice: Reader) -> None:
    key = SoftKey()
    added(alice, key)
    asked = json.loads(first_factor(visitor))
    assert asked["userVerification"] == "preferred"
    assert [read(one["id"]) for one in asked["allowCredentials"]] == [key.id]


def test_making_one_asks_the_password(alice: Reader) -> None:
    client = at_home(alice)
    assert client.post(ADD, {"label": "x", "password": "wrong" * 4}).status_code == 422
    assert client.get(MAKE).headers["Location"] == ADD
    assert client.post(MAKE, {"credential": "{}"}).headers["Location"] == ADD


def test_the_browser_is_told_what_is_there_already(alice: Reader) -> None:
    key = SoftKey()
    added(alice, key)
    client = at_home(alice)
    asked = json.loads(begin(client))
    assert [read(one["id"]) for one in asked["excludeCredentials"]] == [key.id]
    assert asked["rp"] == {"name": "Mail Helper", "id": "localhost"}
    assert asked["authenticatorSelection"]["userVerification"] == "preferred"
    assert asked["attestation"] == "none"
    response = client.post(MAKE, {"credential": key.make(json.dumps(asked))})
    assert response.status_code == 422
    assert Passkey.objects.for_user(alice.user).count() == 1


def test_the_handle_says_nothing_of_the_reader(alice: Reader, bob: Reader) -> None:
    handles = {json.loads(begin(at_home(who)))["user"]["id"] for who in (alice, bob)}
    assert len(handles) == 2
    assert all(len(read(handle)) == 16 for handle in handles)


def test_a_challenge_to_make_one_is_good_once(alice: Reader) -> None:
    client = at_home(alice)
    asked = begin(client)
    response = client.post(MAKE, {"credential": "{}"})
    assert options_on(response.content) != asked
    assert client.post(MAKE, {"credential": SoftKey().make(asked)}).status_code == 422


@pytest.mark.parametrize("fmt", ["android-safetynet", "tpm", "fido-u2f", "packed", "x", 5])
def test_attestations_are_not_taken(alice: Reader, fmt: Any) -> None:
    client = at_home(alice)
    assert client.post(MAKE, {"credential": SoftKey().make(begin(client), fmt=fmt)}).status_code == 422


def test_the_page_for_making_one_is_open_for_five_minutes(
    alice: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = at_home(alice)
    begin(client)
    monkeypatch.setattr("accounts.views.passkeys.time.time", lambda: 4e9)
    assert client.get(MAKE).headers["Location"] == ADD


def test_it_is_renamed(alice: Reader) -> None:
    row = added(alice, SoftKey())
    client = at_home(alice)
    path = f"/settings/security/passkeys/{row.pk}/rename/"
    assert 'value="My laptop"' in client.get(path).content.decode()
    assert client.post(path, {"label": ""}).status_code == 422
    assert client.post(path, {"label": "<b>Stick</b>"}).headers["Location"] == SECURITY
    assert "&lt;b&gt;Stick" in client.get(SECURITY).content.decode()


def test_removing_it_asks_the_password(visitor: Client, alice: Reader) -> None:
    key = SoftKey()
    row = added(alice, key)
    client = at_home(alice)
    path = f"/settings/security/passkeys/{row.pk}/remove/"
    assert client.post(path, {"password": "wrong" * 4}).status_code == 422
    asked = first_factor(visitor)
    assert client.post(path, {"password": PASSWORD}).headers["Location"] == SECURITY
    assert kinds(alice)[-1] == SecurityEvent.Kind.PASSKEY_REMOVED
    assert not Passkey.objects.for_user(alice.user).exists()
    assert visitor.post(USE, {"credential": key.use(asked)}).status_code == 422


def test_a_name_that_does_not_open_hides_nothing_else(alice: Reader) -> None:
    row = added(alice, SoftKey())
    Passkey.objects.for_user(alice.user).update(label=b"mh1" + bytes(1200))
    client = at_home(alice)
    assert "Passkey without a name" in client.get(SECURITY).content.decode()
    for act in ("rename", "remove"):
        assert client.get(f"/settings/security/passkeys/{row.pk}/{act}/").status_code == 200


@pytest.mark.parametrize(
    ("base", "host", "secure", "works"),
    [
        ("http://localhost:8000", "localhost:8000", False, True),
        ("http://localhost:8000", "127.0.0.1:8000", False, False),
        ("http://127.0.0.1:8000", "127.0.0.1:8000", False, False),
        ("https://mail.example.org", "mail.example.org", True, True),
        ("https://mail.example.org", "mail.example.org:8443", True, True),
        ("https://mail.example.org", "mail.example.org", False, False),
        ("https://mail.example.org", "other.example.org", True, False),
        ("https://[::1]", "[::1]", True, False),
    ],
)
def test_passkeys_work_at_the_host_of_base_url(
    base: str, host: str, secure: bool, works: bool, settings: Any
) -> None:
    settings.BASE_URL, settings.ALLOWED_HOSTS = base, ["*"]
    request = RequestFactory().get("/", secure=secure, headers={"host": host})
    site = passkeys.site_of(request)
    assert (site is not None) == works
    if site:
        assert site.origin == f"{'https' if secure else 'http'}://{host}"


def test_where_they_do_not_work_none_is_offered(alice: Reader, alice_client: Client) -> None:
    assert ADD not in alice_client.get(SECURITY).content.decode()
    assert alice_client.get(ADD).status_code == 404
    assert alice_client.get(MAKE).status_code == 404


def test_labels_of_lines_are_those_of_their_rows(alice: Reader) -> None:
    row = added(alice, SoftKey(), "Key ring")
    assert secondfactors.label_of(alice.vault, row) == "Key ring"


def mutated(text: str, chance: random.Random) -> str:
    """The answer with something wrong in it, anywhere: in its JSON, or inside of what that encodes."""
    answer = json.loads(text)
    place = chance.choice([answer, answer["response"]])
    name = chance.choice(list(place))
    if isinstance(place[name], str) and chance.random() < 0.8:
        value = bytearray(read(place[name])) or bytearray(b"x")
        for _ in range(chance.randint(1, 4)):
            value[chance.randrange(len(value))] = chance.randrange(256)
        place[name] = written(bytes(value[: chance.choice([None, chance.randrange(len(value))])]))
    else:
        place[name] = chance.choice([None, 5, [], {}, "", "ü", [None], {"id": 1}])
    return json.dumps(answer)


ODD = ["", "{}", "[]", "null", '"x"', "[" * 15_000, "{" * 200, '{"id": 1}', "\\u0000", "9" * 5000]


def test_whatever_a_browser_sends_is_refused_and_breaks_nothing(alice: Reader) -> None:
    key, chance = SoftKey(), random.Random(8)
    added(alice, key)
    challenge = passkeys.new_challenge()
    making = passkeys.options_to_make(HERE, alice.vault, "alice", challenge)
    using = passkeys.options_to_use(HERE, alice.user, challenge)
    made, used = SoftKey().make(making), key.use(using)
    refused = 0
    for text in [*ODD, *(mutated(made, chance) for _ in range(1500))]:
        try:
            passkeys.add(HERE, alice.vault, challenge, text, "x").delete()
        except Refused:
            refused += 1
    for text in [*ODD, *(mutated(used, chance) for _ in range(1500))]:
        try:
            passkeys.check(HERE, alice.user, challenge, text)
        except Refused:
            refused += 1
    print(f"{refused} refused")
    assert refused > 2000
