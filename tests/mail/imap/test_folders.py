"""LIST as servers write it, lawful and not."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail.imap.folders import ListedFolder, decode_name, parse_list


def listed(*lines):
    return parse_list([[line] if isinstance(line, bytes) else line for line in lines])


def one(line):
    (folder,) = listed(line)
    return folder


def test_a_usual_line():
    assert one(b'* LIST (\\HasNoChildren) "/" "Pr&APw-fung/&ANw-nter &- Co"') == ListedFolder(
        b"Pr&APw-fung/&ANw-nter &- Co", "Prüfung/Ünter & Co", "/", "other", True
    )


@pytest.mark.parametrize(
    ("line", "raw", "name"),
    [
        (b'* LIST () "." INBOX.Foo', b"INBOX.Foo", "INBOX.Foo"),
        (b"* LIST () NIL Foo", b"Foo", "Foo"),
        (b'* LIST () "/" 123', b"123", "123"),
        (b'* LIST () "/" "a \\"b\\" \\\\ c"', b'a "b" \\ c', 'a "b" \\ c'),
        (b'* LIST () "/" foo"bar', b'foo"bar', 'foo"bar'),
        (b'* LIST () "/" Sent Items', b"Sent Items", "Sent Items"),
        (b'* LIST () "/" Foo ("CHILDINFO" ("SUBSCRIBED"))', b"Foo", "Foo"),
        (b'* LIST () "/" "Foo" ("CHILDINFO" ("SUBSCRIBED"))', b"Foo", "Foo"),
        (b'* LIST (\\X) "\\\\" "Foo"', b"Foo", "Foo"),
        (b'* list () "/" Foo', b"Foo", "Foo"),
        ('* LIST () "/" "Prüfung"'.encode(), "Prüfung".encode(), "Prüfung"),
        (b'* LIST () "/" "caf\xe9"', b"caf\xe9", "caf\ufffd"),
        ([b'* LIST () "/" ', b'odd "name"', b""], b'odd "name"', 'odd "name"'),
    ],
)
def test_odd_lines_are_read_and_the_raw_name_is_kept(line, raw, name):
    folder = one(line)
    assert (folder.raw_name, folder.name) == (raw, name)


@pytest.mark.parametrize(
    "line",
    [
        b"* LIST",
        b"* LIST nonsense",
        b'* LIST () "/" ',
        b'* LIST () "/" ""',
        b'* LIST (\\A "/" Foo',
        b"* FLAGS (\\Seen)",
        b'* LIST () "/" "a\0b"',
        [b'* LIST () "/" ', b"a\r\nA9 DELETE INBOX", b""],
    ],
)
def test_a_line_that_makes_no_sense_spoils_no_other(line):
    folders = listed(b'* LIST () "/" One', line, b'* LIST () "/" Two')
    assert [folder.name for folder in folders] == ["One", "Two"]


def test_nothing_listed_is_an_empty_list():
    assert parse_list([]) == []


def test_the_delimiter():
    assert one(b"* LIST () NIL Foo").delimiter == ""
    assert one(b'* LIST () "." Foo').delimiter == "."
    assert one(b'* LIST () "\\\\" Foo').delimiter == "\\"


@pytest.mark.parametrize("attribute", [b"\\Noselect", b"\\NONEXISTENT", b"\\HasChildren \\noselect"])
def test_what_cannot_be_opened_is_not_selectable(attribute):
    assert one(b'* LIST (%b) "/" Foo' % attribute).selectable is False


@pytest.mark.parametrize("spelling", [b"INBOX", b"inbox", b'"Inbox"'])
def test_the_inbox_is_known_by_any_spelling(spelling):
    folder = one(b'* LIST () "/" %b' % spelling)
    assert (folder.raw_name, folder.role) == (b"INBOX", "inbox")


def test_a_folder_listed_twice_counts_once():
    assert (
        len(
            listed(
                b'* LIST () "/" Foo', b'* LIST () "/" "Foo"', b'* LIST () "/" inbox', b"* LIST () NIL INBOX"
            )
        )
        == 2
    )


@pytest.mark.parametrize(
    ("attribute", "role"),
    [
        (b"\\Sent", "sent"),
        (b"\\DRAFTS", "drafts"),
        (b"\\Junk", "junk"),
        (b"\\Spam", "junk"),
        (b"\\Trash", "trash"),
        (b"\\Archive", "archive"),
        (b"\\All", "all"),
        (b"\\AllMail", "all"),
        (b"\\Flagged", "flagged"),
        (b"\\Starred", "flagged"),
        (b"\\HasNoChildren", "other"),
    ],
)
def test_roles_by_attribute(attribute, role):
    assert one(b'* LIST (\\HasNoChildren %b) "/" "x"' % attribute).role == role


@pytest.mark.parametrize(
    ("name", "role"),
    [
        ("Sent", "sent"),
        ("SENT ITEMS", "sent"),
        ("Gesendet", "sent"),
        ("Entwürfe", "drafts"),
        ("Spamverdacht", "junk"),
        ("Papierkorb", "trash"),
        ("Éléments envoyés", "sent"),
        ("Corbeille", "trash"),
        ("Posta indesiderata", "junk"),
        ("Bozze", "drafts"),
        ("Papelera", "trash"),
        ("Borradores", "drafts"),
        ("Lixeira", "trash"),
        ("Archiv", "archive"),
        ("Deleted Messages", "trash"),
        ("INBOX/Sent", "sent"),
        ("[Gmail]/Bozze", "drafts"),
        ("Sent to clients", "other"),
        ("Projects/Sent", "other"),
        ("Everything", "other"),
    ],
)
def test_roles_by_name(name, role):
    assert one(f'* LIST () "/" "{name}"'.encode()).role == role


def test_decomposed_letters_are_the_same_name():
    assert one('* LIST () "/" "Entwu\u0308rfe"'.encode()).role == "drafts"


def test_an_attribute_beats_a_name_and_a_role_is_given_by_name_once():
    folders = listed(
        b'* LIST () "/" "Sent"',
        b'* LIST (\\Sent) "/" "Ausgang"',
        b'* LIST () "/" "Trash"',
        b'* LIST () "/" "Papierkorb"',
        b'* LIST (\\Noselect) "/" "Junk"',
    )
    assert [folder.role for folder in folders] == ["other", "sent", "trash", "other", "other"]


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        (b"&-", "&"),
        (b"a&-b&-", "a&b&"),
        (b"&AOQ-", "ä"),
        (b"&2D3eAA-", "😀"),
        (b"&2AA-", "\ufffd"),
        (b"&AAA-", "\ufffd"),
        (b"&&", "&&"),
        (b"&", "&"),
        (b"&AOQ", "&AOQ"),
        (b"&A-", "&A-"),
        (b"&!!!!-", "&!!!!-"),
        (b"a\x07b", "a\ufffdb"),
        (b"&IC4-gnp.exe", "\ufffdgnp.exe"),
    ],
)
def test_modified_utf7_and_what_only_looks_like_it(raw, name):
    assert decode_name(raw) == name


@given(st.binary(max_size=60))
def test_any_bytes_decode_to_text_that_a_database_takes(raw):
    text = decode_name(raw)
    text.encode("utf-8")
    assert "\0" not in text


@given(
    st.text(
        st.characters(exclude_categories=["Cs", "Cc", "Cf"], exclude_characters="&"), min_size=1, max_size=20
    )
)
def test_names_in_modified_utf7_come_back(name):
    coded = "".join(
        char
        if " " <= char <= "~"
        else "&" + base64.b64encode(char.encode("utf-16-be")).decode().rstrip("=").replace("/", ",") + "-"
        for char in name
    )
    assert decode_name(coded.encode()) == name


@given(st.lists(st.binary(max_size=80)))
def test_any_bytes_are_a_list_without_a_crash(tails):
    folders = listed(*(b"* LIST (" + tail for tail in tails))
    assert len(folders) <= len(tails)
