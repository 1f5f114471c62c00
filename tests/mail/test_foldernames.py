"""The usual folders in the reader's language."""

from django.utils import translation

from mail.foldernames import name_of
from mail.models import Folder


def test_every_role_but_other_has_a_word() -> None:
    for role in Folder.Role:
        assert (name_of(role, "as the server says") == "as the server says") is (role == Folder.Role.OTHER)


def test_the_words_are_those_of_the_readers_language() -> None:
    with translation.override("de"):
        assert name_of("inbox", "INBOX") == "Posteingang"
        assert name_of("trash", "Deleted Items") == "Papierkorb"
        assert name_of("other", "Projects") == "Projects"
