"""A session with servers that answer oddly: nothing is lost, nothing lands on another mail."""

import resource
import time

import pytest

from accounts.wire import Limits
from mail.imap.errors import SyncError
from mail.imap.plan import Selected
from mail.imap.session import Session
from tests.mail.imap.conftest import connect
from tests.servers.scripted import CLOSE, drip, fetched, flood

MAX = 1_000_000
SIZES = b"".join(b"* %d FETCH (UID %d RFC822.SIZE 5)\r\n" % (uid, uid) for uid in range(1, 9))
DATE = b'INTERNALDATE "17-Nov-2026 10:00:00 +0100"'


def error_of(call, *arguments):
    with pytest.raises(SyncError) as caught:
        call(*arguments)
    return caught.value


def fetches(bodies, sizes=SIZES):
    """A script for UID FETCH: sizes where they are asked for, else what `bodies` says of tag and line."""

    def answer(tag, line):
        if b"BODY" in line:
            return bodies(tag, line).replace(b"TAG ", tag + b" ")
        return sizes + tag + b" OK done\r\n"

    return {"UID FETCH": answer}


def always(answer):
    return lambda tag, line: answer


def asked(line):
    """The UIDs that a UID FETCH command names."""
    uids = []
    for part in line.split(b" ")[3].split(b","):
        first, _, last = part.partition(b":")
        uids += range(int(first), int(last or first) + 1)
    return uids


# Folders


def test_folders_by_plain_list(session_with):
    session = session_with({"LIST": b'* LIST () "/" INBOX\r\n* LIST () "/" {3}\r\na"b\r\nTAG OK\r\n'})
    assert [folder.raw_name for folder in session.list_folders()] == [b"INBOX", b'a"b']
    assert session.server.commands[-1].endswith(b'LIST "" "*"')


def test_folders_are_asked_plainly_when_special_use_fails(session_with):
    script = {"LIST": [b"TAG NO [SERVERBUG] oops\r\n", b'* LIST () "/" INBOX\r\nTAG OK\r\n']}
    session = session_with(script, offers="SPECIAL-USE LIST-EXTENDED")
    assert len(session.list_folders()) == 1


def test_an_empty_list_is_an_empty_list(session_with):
    assert session_with({"LIST": b"TAG OK done\r\n"}).list_folders() == []


def test_a_refused_list_is_an_error(session_with):
    assert error_of(session_with({"LIST": b"TAG NO never\r\n"}).list_folders).code == "protocol"


@pytest.mark.parametrize(
    ("raw", "sent"),
    [
        (b"INBOX", b'EXAMINE "INBOX"'),
        (b'a "b" \\c', b'EXAMINE "a \\"b\\" \\\\c"'),
        ("Prüfung".encode(), b"EXAMINE {8}\r\n" + "Prüfung".encode()),
        (b"Pr&APw-fung", b'EXAMINE "Pr&APw-fung"'),
    ],
)
def test_the_raw_name_goes_back_as_it_came(session_with, raw, sent):
    session = session_with({})
    assert session.examine(raw) == Selected(7, 4, 3, None)
    assert session.server.commands[-1].endswith(sent)


@pytest.mark.parametrize("raw", [b"a\r\nA9 DELETE INBOX", b"a\nb", b"a\0b", "ü\r\nx".encode()])
def test_a_name_with_line_breaks_is_not_sent(session_with, raw):
    session = session_with({})
    error = error_of(session.examine, raw)
    assert (error.code, error.transient) == ("refused", False)
    assert session.examine(b"INBOX").exists == 3
    assert b"DELETE" not in session.server.received


def test_what_opening_tells(session_with):
    answer = (
        b"* FLAGS (\\Seen)\r\n* 12 EXISTS\r\n* OK [uidvalidity 4294967295] x\r\n* OK [UIDNEXT 99]\r\n"
        b"* OK [HIGHESTMODSEQ 9223372036854775807] x {5}\r\n\r\nTAG OK [READ-ONLY] done\r\n"
    )
    session = session_with({"EXAMINE": answer}, offers="CONDSTORE")
    assert session.examine(b"INBOX") == Selected(4294967295, 99, 12, 9223372036854775807)
    assert session.server.commands[-1].endswith(b'"INBOX" (CONDSTORE)')


def test_a_folder_without_modseq_or_uidvalidity(session_with):
    answer = (
        b"* 0 EXISTS\r\n* OK [NOMODSEQ] x\r\n* OK [UIDVALIDITY x] bad\r\n* OK [UIDNEXT 1] x\r\nTAG OK x\r\n"
    )
    assert session_with({"EXAMINE": answer}).examine(b"x") == Selected(0, 1, 0, None)


def test_a_missing_uidnext_is_found_by_asking_for_the_last_mail(session_with):
    script = {
        "EXAMINE": b"* 3 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n* OK [UIDNEXT false] x\r\nTAG OK x\r\n",
        "UID FETCH": b"* 3 FETCH (UID 41)\r\nTAG OK x\r\n",
    }
    assert session_with(script).examine(b"x").uidnext == 42


def test_a_missing_number_of_mails_is_not_nought(session_with):
    assert error_of(session_with({"EXAMINE": b"TAG OK x\r\n"}).examine, b"x").code == "protocol"


def test_condstore_is_dropped_where_the_server_does_not_mean_it(session_with):
    def examine(tag, line):
        if b"CONDSTORE" in line:
            return b"TAG BAD what\r\n".replace(b"TAG", tag)
        return b"* 1 EXISTS\r\n* OK [UIDVALIDITY 7] x\r\n* OK [UIDNEXT 2] x\r\n" + tag + b" OK x\r\n"

    session = session_with({"EXAMINE": examine}, offers="CONDSTORE")
    assert session.examine(b"x").exists == 1
    session.examine(b"x")
    assert sum(b"CONDSTORE" in command for command in session.server.commands) == 1


@pytest.mark.parametrize(
    ("answer", "code", "transient"),
    [
        (b"NO [NONEXISTENT] no", "folder-gone", False),
        (b"NO Mailbox doesn't exist: x", "folder-gone", False),
        (b"NO [NOPERM] no", "folder-refused", False),
        (b"NO no", "folder-refused", False),
        (b"NO [SERVERBUG] oops", "folder-refused", False),
        (b"NO [UNAVAILABLE] wait", "server-busy", True),
        (b"NO [INUSE] wait", "server-busy", True),
        (b"BAD what", "protocol", True),
        (b"BAD Request is throttled. Suggested Backoff Time: 5000 milliseconds", "throttled", True),
    ],
)
def test_a_folder_that_does_not_open(session_with, answer, code, transient):
    error = error_of(session_with({"EXAMINE": b"TAG " + answer + b"\r\n"}).examine, b"x")
    assert (error.code, error.transient) == (code, transient)
    assert str(error) == code


# Listings


def test_uids_by_search_are_sorted_and_inside_the_window(session_with):
    session = session_with({"UID SEARCH": b"* SEARCH 9 3 12\r\n* SEARCH 4 3\r\nTAG OK x\r\n"})
    assert session.uids(4, 10) == [4, 9]


def test_uids_by_esearch(session_with):
    script = {"UID SEARCH": b'* ESEARCH (TAG "x") UID ALL 3:5,9 COUNT 4\r\nTAG OK x\r\n'}
    assert session_with(script, offers="ESEARCH").uids(1, 10) == [3, 4, 5, 9]


def test_an_empty_window_by_esearch(session_with):
    script = {"UID SEARCH": b'* ESEARCH (TAG "x") UID COUNT 0\r\nTAG OK x\r\n'}
    assert session_with(script, offers="ESEARCH").uids(1, 10) == []


@pytest.mark.parametrize(
    "first",
    [
        b'* ESEARCH (TAG "x") UID ALL 3:5 COUNT 4\r\nTAG OK x\r\n',
        b'* ESEARCH (TAG "x") UID COUNT 4\r\nTAG OK x\r\n',
        b'* ESEARCH (TAG "x") UID ALL 1:4294967295 COUNT 4294967295\r\nTAG OK x\r\n',
        b'* ESEARCH (TAG "x") UID ALL 3:* COUNT 2\r\nTAG OK x\r\n',
        b"TAG OK x\r\n",
        b"TAG NO [SERVERBUG] x\r\n",
        b"TAG BAD x\r\n",
    ],
)
def test_a_listing_that_is_not_whole_is_asked_again_the_old_way(session_with, first):
    session = session_with({"UID SEARCH": [first, b"* SEARCH 3 4\r\nTAG OK x\r\n"]}, offers="ESEARCH")
    assert session.uids(1, 10) == [3, 4]
    session.uids(1, 10)
    assert sum(b"RETURN" in command for command in session.server.commands) == 1


def test_where_search_fails_fetch_lists(session_with):
    script = {
        "UID SEARCH": b"TAG OK nothing said\r\n",
        "UID FETCH": b"* 1 FETCH (UID 3)\r\n* 2 FETCH (UID 99)\r\nTAG OK\r\n",
    }
    assert session_with(script).uids(1, 10) == [3]


def test_a_listing_that_is_half_garbage_is_none(session_with):
    script = {
        "UID SEARCH": b"* SEARCH 1 2\r\n* SEARCH 3 x\r\nTAG OK\r\n",
        "UID FETCH": b"* 1 FETCH (UID 1)\r\n* 1 FETCH (UID 2)\r\n* 1 FETCH (UID 3)\r\nTAG OK\r\n",
    }
    assert session_with(script).uids(1, 10) == [1, 2, 3]


def test_no_listing_at_all_is_an_error_and_not_an_empty_folder(session_with):
    script = {"UID SEARCH": b"TAG NO x\r\n", "UID FETCH": b"TAG NO x\r\n"}
    assert error_of(session_with(script).uids, 1, 10).code == "protocol"


def test_a_listing_of_two_hundred_thousand_mails_in_one_line(session_with):
    line = b"* SEARCH " + b" ".join(b"%d" % uid for uid in range(1, 200_001))
    session = session_with({"UID SEARCH": line + b"\r\nTAG OK\r\n"})
    assert len(session.uids(1, 200_000)) == 200_000


def test_flags_are_keyed_by_uid_alone(session_with):
    answer = (
        b"* 3 FETCH (FLAGS (\\Deleted))\r\n"
        b"* 9 FETCH (UID 3 FLAGS (\\Seen))\r\n"
        b"* 8 FETCH (FLAGS (\\Flagged $x) UID 2)\r\n"
        b"* 7 FETCH (UID 1)\r\n"
        b"* 6 FETCH (UID 77 FLAGS ())\r\nTAG OK\r\n"
    )
    session = session_with({"UID FETCH": answer})
    assert session.flags(1, 50) == {3: {"\\Seen"}, 2: {"\\Flagged", "$x"}}


def test_changed_flags_are_asked_for_where_the_server_can(session_with):
    script = {"UID FETCH": b"* 9 FETCH (UID 3 FLAGS (\\Seen) MODSEQ (13))\r\nTAG OK\r\n"}
    session = session_with(script, offers="CONDSTORE")
    assert session.flags(1, 50, changed_since=12) == {3: {"\\Seen"}}
    assert session.server.commands[-1].endswith(b"UID FETCH 1:50 (UID FLAGS) (CHANGEDSINCE 12)")


def test_the_number_of_mails_follows_what_the_server_says(session_with):
    session = session_with({"NOOP": b"* 9 EXPUNGE\r\n* 12 EXISTS\r\n* 1 EXPUNGE\r\nTAG OK\r\n"})
    session.examine(b"INBOX")
    assert session.exists == 3
    session._ask(b"NOOP")
    assert session.exists == 11


# Mail


def test_mails_come_in_the_order_asked_for(session_with):
    script = fetches(always(fetched((1, b"one"), (2, b"two"), (3, b"three")) + b"TAG OK\r\n"))
    mails = session_with(script).fetch([3, 1, 2], MAX)
    assert [(mail.uid, mail.raw) for mail in mails] == [(3, b"three"), (1, b"one"), (2, b"two")]
    assert mails[0].flags == {"\\Seen"}
    assert mails[0].received_at.isoformat() == "2026-11-17T09:00:00+00:00"
    assert mails[0].complete is True


def test_mail_is_only_peeked_at(session_with):
    session = session_with(fetches(always(fetched((1, b"one")) + b"TAG OK\r\n")))
    session.examine(b"INBOX")
    session.fetch([1], MAX)
    sent = b"\n".join(session.server.commands)
    assert b"BODY.PEEK[]" in sent
    assert b"BODY[" not in sent
    assert b"SELECT" not in sent
    assert b"STORE" not in sent


def test_a_mail_that_is_gone_is_absent(session_with):
    script = fetches(always(fetched((1, b"one")) + b"TAG OK\r\n"))
    session = session_with(script)
    assert [mail.uid for mail in session.fetch([1, 2, 99], MAX)] == [1]
    assert sum(b"BODY" in command for command in session.server.commands) == 1


def test_mail_that_was_not_asked_for_is_left_alone(session_with):
    noise = fetched((7, b"seven")) + b"* 1 FETCH (FLAGS (\\Deleted))\r\n* 9 EXISTS\r\n* OK hello {9}\r\n"
    script = fetches(always(noise + fetched((1, b"one")) + b"TAG OK\r\n"))
    (mail,) = session_with(script).fetch([1], MAX)
    assert (mail.uid, mail.raw, mail.flags) == (1, b"one", {"\\Seen"})


def test_an_answer_in_several_pieces_is_put_together(session_with):
    answer = (
        b"* 1 FETCH (UID 1 FLAGS (\\Seen))\r\n* 1 FETCH (UID 1 BODY[] {3}\r\none)\r\n"
        b"* 1 FETCH (UID 1 FLAGS (\\Flagged))\r\n"
    )
    (mail,) = session_with(fetches(always(answer + b"TAG OK\r\n"))).fetch([1], MAX)
    assert (mail.raw, mail.flags, mail.received_at) == (b"one", {"\\Flagged"}, None)


def test_nul_bytes_and_lines_like_answers_inside_a_mail_stay_mail(session_with):
    raw = b"a\0b\r\nM1 OK done\r\n* BYE\r\n)\r\n* 1 FETCH (UID 1 BODY[] {3}\r\n"
    (mail,) = session_with(fetches(always(fetched((1, raw)) + b"TAG OK\r\n"))).fetch([1], MAX)
    assert mail.raw == raw


@pytest.mark.parametrize(
    "broken",
    [
        b"* 2 FETCH (UID 2 FLAGS (\\Seen)\r\n",
        b"* 2 FETCH (UID 2 FLAGS (\\Seen))\r\n",
        b"* 2 FETCH (UID 2 BODY[] NIL)\r\n",
        b"* 2 FETCH (UID 2 BODY[] {0}\r\n RFC822.SIZE 5)\r\n",
        b"* 2 FETCH (UID 2 ENVELOPE " + b"(" * 50_000 + b"\r\n",
        b"* 2 FETCH UID 2\r\n* 2 FETCH (UID 99999999999999999999 BODY[] {1}\r\na)\r\n",
    ],
)
def test_an_answer_that_makes_no_sense_costs_one_mail(session_with, broken):
    def bodies(tag, line):
        good = fetched(*((uid, b"good") for uid in asked(line) if uid != 2))
        return good + (broken if 2 in asked(line) else b"") + b"TAG OK\r\n"

    mails = session_with(fetches(bodies)).fetch(range(1, 9), MAX)
    assert [mail.uid for mail in mails if mail.raw == b"good"] == [1, 3, 4, 5, 6, 7, 8]
    (bad,) = (mail for mail in mails if mail.uid == 2)
    assert (bad.raw, bad.unreadable, bad.complete) == (None, True, False)


@pytest.mark.parametrize("refusal", [b"NO [SERVERBUG] Internal error", b"NO gone", b"BAD Too long argument"])
def test_a_mail_that_spoils_its_batch_is_found_by_halving(session_with, refusal):
    def bodies(tag, line):
        if 5 in asked(line):
            return b"TAG " + refusal + b"\r\n"
        return fetched(*((uid, b"good") for uid in asked(line))) + b"TAG OK\r\n"

    mails = session_with(fetches(bodies)).fetch(range(1, 9), MAX)
    assert [mail.uid for mail in mails if mail.unreadable] == [5]
    assert sum(mail.raw == b"good" for mail in mails) == 7


def test_what_a_refused_batch_delivered_is_kept(session_with):
    def bodies(tag, line):
        if len(asked(line)) > 1:
            return fetched((1, b"one"), (2, b"two")) + b"TAG NO Some messages no longer exist\r\n"
        return b"TAG OK\r\n"

    mails = session_with(fetches(bodies)).fetch([1, 2, 3], MAX)
    assert [mail.uid for mail in mails] == [1, 2]


def test_a_server_that_refuses_everything_is_given_up(session_with):
    sizes = b"".join(b"* %d FETCH (UID %d RFC822.SIZE 5)\r\n" % (uid, uid) for uid in range(1, 501))
    session = session_with(fetches(always(b"TAG NO no\r\n"), sizes))
    assert error_of(session.fetch, range(1, 501), MAX).code == "protocol"
    assert len(session.server.commands) < 500


def test_a_busy_server_is_not_asked_again_and_again(session_with):
    session = session_with(fetches(always(b"TAG NO [LIMIT] slow down\r\n")))
    assert error_of(session.fetch, [1, 2, 3], MAX).code == "server-busy"
    assert sum(b"BODY" in command for command in session.server.commands) == 1


def test_a_large_mail_comes_as_its_header(session_with):
    def bodies(tag, line):
        if b"HEADER" in line:
            header = b"Subject: big\r\n\r\n"
            return b"* 2 FETCH (UID 2 FLAGS () %b BODY[HEADER] {%d}\r\n%b)\r\nTAG OK\r\n" % (
                DATE,
                len(header),
                header,
            )
        return fetched((1, b"small")) + b"TAG OK\r\n"

    sizes = b"* 1 FETCH (UID 1 RFC822.SIZE 5)\r\n* 2 FETCH (UID 2 RFC822.SIZE 30000000)\r\n"
    session = session_with(fetches(bodies, sizes))
    small, big = session.fetch([1, 2], MAX)
    assert (small.complete, small.raw) == (True, b"small")
    assert (big.complete, big.raw, big.unreadable) == (False, b"Subject: big\r\n\r\n", False)


def test_mails_of_unknown_size_are_still_fetched(session_with):
    script = fetches(always(fetched((1, b"one"), (2, b"two")) + b"TAG OK\r\n"), b"* 1 FETCH (UID 1 x\r\n")
    assert [mail.raw for mail in session_with(script).fetch([1, 2], MAX)] == [b"one", b"two"]


def test_batches_stay_within_count_and_bytes(session_with):
    sizes = b"".join(b"* %d FETCH (UID %d RFC822.SIZE %d)\r\n" % (n, n, 9_000_000) for n in range(1, 4))
    bodies = lambda tag, line: fetched(*((uid, b"x") for uid in asked(line))) + b"TAG OK\r\n"  # noqa: E731
    session = session_with(fetches(bodies, sizes))
    assert [[mail.uid for mail in batch] for batch in session.stream([3, 2, 1], 50_000_000)] == [
        [3],
        [2],
        [1],
    ]


def many(tag, line):
    """Any mails, all present."""
    if b"BODY" in line:
        return fetched(*((uid, b"mail %d" % uid) for uid in asked(line))) + tag + b" OK done\r\n"
    return b"".join(b"* 1 FETCH (UID %d RFC822.SIZE 7)\r\n" % uid for uid in asked(line)) + tag + b" OK x\r\n"


def test_the_next_batch_is_asked_for_while_this_one_is_in_hand(session_with):
    session = session_with({"UID FETCH": many})
    stream = session.stream(range(1000, 0, -1), MAX)
    assert [mail.uid for mail in next(stream)] == list(range(1000, 500, -1))
    assert [mail.raw for mail in next(stream)] == [b"mail %d" % uid for uid in range(500, 0, -1)]
    assert next(stream, None) is None
    bodies = [command for command in session.server.commands if b"BODY" in command]
    assert [command.split(b" ")[3] for command in bodies] == [b"501:1000", b"1:500"]


def test_a_stream_may_be_left_for_another_folder(session_with):
    session = session_with({"UID FETCH": many})
    next(session.stream(range(1000, 0, -1), MAX))
    assert session.examine(b"Other").exists == 3
    (mail,) = session.fetch([7], MAX)
    assert mail.raw == b"mail 7"


def test_a_stream_may_be_left_for_good(session_with):
    session = session_with({"UID FETCH": many})
    next(session.stream(range(1000, 0, -1), MAX))
    session.logout()
    assert error_of(session.examine, b"INBOX").code == "connection-lost"


def test_a_connection_that_breaks_while_a_batch_is_in_hand_spoils_the_next_only(session_with):
    def once(tag, line):
        return CLOSE if b"BODY" in line and 1 in asked(line) else many(tag, line)

    stream = session_with({"UID FETCH": once}).stream(range(1000, 0, -1), MAX)
    assert len(next(stream)) == 500
    error = error_of(next, stream)
    assert (error.code, len(error.uids)) == ("connection-lost", 500)


def test_sizes_are_asked_for_as_they_are_needed(session_with):
    session = session_with({"UID FETCH": many})
    next(session.stream(range(100_000, 0, -1), MAX))
    fetches_of_sizes = [line for line in session.server.commands if b"SIZE)" in line]
    assert len(fetches_of_sizes) == 1


def test_heads(session_with):
    answer = b"* 1 FETCH (UID 4 RFC822.SIZE 77 " + DATE + b")\r\n* 2 FETCH (UID 5)\r\nTAG OK\r\n"
    heads = session_with({"UID FETCH": answer}).heads([4, 5, 6])
    assert set(heads) == {4, 5}
    assert (heads[4].size, heads[4].received_at.hour) == (77, 9)
    assert heads[5].received_at is None


def test_commands_stay_short(session_with):
    session = session_with({"UID FETCH": b"TAG OK\r\n"})
    session.heads(range(1_000_001, 1_020_001, 2))
    assert max(map(len, session.server.commands)) < 4200


# The connection


@pytest.mark.parametrize("kept", range(0, 120, 12))
def test_a_connection_cut_anywhere_in_an_answer_is_lost_and_yields_no_mail(session_with, kept):
    answer = fetched((1, b"x" * 60))[:kept] + CLOSE
    error = error_of(session_with(fetches(always(answer))).fetch, [1], MAX)
    assert (error.code, error.transient, error.uids) == ("connection-lost", True, (1,))


def test_a_goodbye_is_a_lost_connection_or_a_busy_server(session_with):
    bye = b"* BYE shutting down\r\n" + CLOSE
    assert error_of(session_with(fetches(always(bye))).fetch, [1], MAX).code == "connection-lost"
    bye = b"* BYE [UNAVAILABLE] later\r\n" + CLOSE
    assert error_of(session_with(fetches(always(bye))).fetch, [1], MAX).code == "server-busy"


@pytest.mark.parametrize("size", [b"3000000000", b"1" + b"0" * 20, b"9" * 5000, b"5000000"])
def test_a_literal_beyond_the_limit_ends_the_connection_at_once(session_with, size):
    answer = b"* 1 FETCH (UID 1 BODY[] {%b}\r\nTAG OK fooled\r\n" % size
    session = session_with(fetches(always(answer)))
    assert error_of(session.fetch, [1], MAX).code == "too-much"
    assert error_of(session.examine, b"INBOX").code == "connection-lost"


def test_a_flood_of_lines_is_stopped_and_not_kept(session_with):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    session = session_with({"UID SEARCH": flood(b"* 1 EXISTS\r\n", 3_000_000)}, limits=Limits())
    assert error_of(session.uids, 1, 10).code == "too-much"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000


def test_a_line_without_an_end_is_stopped(session_with):
    session = session_with({"LIST": flood(b"x" * 100, 30_000)}, limits=Limits())
    assert error_of(session.list_folders).code == "too-much"


def test_a_dripping_server_meets_the_deadline(session_with):
    session = session_with({"LIST": drip(b"* OK wait\r\n" * 100, 0.05)}, limits=Limits(command_seconds=1))
    start = time.monotonic()
    assert error_of(session.list_folders).code == "too-slow"
    assert time.monotonic() - start < 20  # it would be 50 s of drops


def test_garbage_instead_of_an_answer_ends_the_connection(session_with):
    assert error_of(session_with({"LIST": b"<html>\r\n"}).list_folders).code == "protocol"


def test_logging_out_of_a_lost_connection_raises_nothing(session_with):
    session = session_with({"LIST": CLOSE})
    error_of(session.list_folders)
    session.logout()
    session.logout()


def test_a_session_logs_out_when_its_block_ends(serve):
    server = serve()
    with pytest.raises(KeyError), Session(connect(server)):
        raise KeyError
    assert server.commands[-1].endswith(b"LOGOUT")
