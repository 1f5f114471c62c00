"""What holds at the door of every page of mail."""

from django.test import Client
from django.urls import reverse


def assert_guarded(path: str, stranger: Client, locked: Client) -> None:
    """Of a page that its owner sees: a stranger finds nothing; a visitor and a shut vault are sent away."""
    assert stranger.get(path).status_code == 404
    assert_not_for_visitors(path, locked)


def assert_not_for_visitors(path: str, locked: Client) -> None:
    """A visitor goes to sign-in, a locked reader to the locked page; nothing is kept by a browser."""
    visitor = Client().get(path)
    assert visitor.status_code == 302
    assert visitor.headers["Location"].startswith(reverse("accounts:sign_in"))
    shut = locked.get(path)
    assert shut.status_code == 302
    assert shut.headers["Location"].startswith(reverse("accounts:locked"))


def assert_only_read(path: str, client: Client) -> None:
    """Looking is all one can do here, and nothing of it is stored."""
    assert client.post(path).status_code == 405
    assert client.put(path).status_code == 405
    response = client.get(path)
    assert response.status_code == 200
    assert "no-store" in response.headers["Cache-Control"]
