"""The whole sync as a question of sets."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mail.imap.plan import (
    FolderState,
    Selected,
    Trace,
    batches,
    brake,
    complete,
    match_moves,
    plan,
    same_mails,
    unchanged,
    windows,
)

SEEN = frozenset({"\\Seen"})
NONE: frozenset[str] = frozenset()
WHEN = datetime(2026, 11, 17, 10, tzinfo=UTC)

uid_sets = st.sets(st.integers(1, 60))
flag_maps = st.dictionaries(st.integers(1, 60), st.sampled_from([SEEN, NONE, frozenset({"\\Flagged"})]))


def state(uids, flags=None, uidvalidity=7):
    return FolderState(uidvalidity, frozenset(uids), flags or {})


def test_new_mail_is_fetched_newest_first():
    assert plan(state([1, 2]), state([1, 2, 5, 9, 7])).fetch == (9, 7, 5)


def test_mail_that_is_no_longer_listed_has_vanished():
    made = plan(state([1, 2, 3]), state([1, 3]))
    assert made.vanished == {2}
    assert made.fetch == ()


def test_changed_flags_are_taken_over():
    known = state([1, 2, 3], {1: SEEN, 2: SEEN})
    seen = state([1, 2, 3, 4], {1: SEEN, 2: NONE, 3: SEEN, 4: SEEN})
    assert plan(known, seen).reflag == {2: NONE, 3: SEEN}


def test_flags_that_the_server_does_not_name_stay():
    assert plan(state([1], {1: SEEN}), state([1])).reflag == {}


def test_another_uidvalidity_fetches_all_and_forgets_nothing():
    made = plan(state([1, 2, 3], uidvalidity=7), state([1, 2], uidvalidity=6))
    assert made.fetch == (2, 1)
    assert made.rematch == {1, 2, 3}
    assert made.vanished == frozenset()
    assert made.reflag == {}


@given(uid_sets, flag_maps, uid_sets, flag_maps)
def test_a_plan_turns_the_known_into_the_seen_and_is_empty_the_second_time(known, known_flags, seen, flags):
    flags = {uid: value for uid, value in flags.items() if uid in seen}
    made = plan(state(known, known_flags), state(seen, flags))
    after = (known - made.vanished) | set(made.fetch)
    assert after == seen
    assert not set(made.fetch) & known
    assert list(made.fetch) == sorted(made.fetch, reverse=True)
    after_flags = {uid: known_flags[uid] for uid in known & known_flags.keys()} | dict(made.reflag)
    after_flags |= {uid: flags[uid] for uid in made.fetch if uid in flags}
    again = plan(state(after, after_flags), state(seen, flags))
    assert (again.fetch, again.vanished, dict(again.reflag)) == ((), frozenset(), {})


MARK = Selected(uidvalidity=7, uidnext=100, exists=50, highestmodseq=12)


def test_a_folder_is_unchanged_when_all_four_numbers_are_equal():
    assert unchanged(MARK, Selected(7, 100, 50, 12)) is True


@pytest.mark.parametrize(
    "seen",
    [
        Selected(8, 100, 50, 12),
        Selected(7, 101, 50, 12),
        Selected(7, 100, 49, 12),
        Selected(7, 100, 50, 13),
        Selected(7, 100, 50, 11),
        Selected(7, 100, 50, None),
    ],
)
def test_any_other_number_is_a_change(seen):
    assert unchanged(MARK, seen) is False


def test_without_modification_sequences_nothing_is_certain():
    mark = Selected(7, 100, 50, None)
    assert unchanged(mark, mark) is False
    assert same_mails(mark, mark) is True


def test_a_folder_never_seen_is_changed():
    assert unchanged(None, MARK) is False
    assert same_mails(None, MARK) is False


def test_a_folder_without_uidvalidity_is_never_unchanged():
    mark = Selected(0, 100, 50, 12)
    assert unchanged(mark, mark) is False
    assert same_mails(mark, mark) is False


@given(st.integers(1, 10_000_000), st.integers(0, 10_000_000), st.integers(1, 50_000))
def test_windows_cover_every_uid_once_newest_first(uidnext, exists, mails):
    low = uidnext
    count = 0
    for first, last in windows(uidnext, exists, max(mails, uidnext // 1000 + 1)):
        assert last == low - 1
        assert 1 <= first <= last
        low = first
        count += 1
    assert low == 1 or uidnext == 1
    assert count <= 1001


def test_a_folder_with_few_mails_and_high_uids_has_few_windows():
    assert len(list(windows(4_000_000_000, 10))) == 1
    assert len(list(windows(1_024_001, 1_024_000))) == 52


@given(
    st.lists(st.integers(1, 1000), unique=True),
    st.dictionaries(st.integers(1, 1000), st.integers(0, 500)),
    st.integers(1, 20),
    st.integers(1, 600),
)
def test_batches_hold_every_mail_once_in_order_within_the_limits(uids, sizes, max_mails, max_bytes):
    made = list(batches(uids, sizes, max_mails=max_mails, max_bytes=max_bytes))
    assert [uid for batch in made for uid in batch] == uids
    for batch in made:
        assert 0 < len(batch) <= max_mails
        assert len(batch) == 1 or sum(sizes.get(uid, 0) for uid in batch) <= max_bytes


@pytest.mark.parametrize(
    ("gone", "total", "held"),
    [
        (0, 0, False),
        (50, 50, False),
        (51, 51, True),
        (51, 255, False),
        (52, 255, True),
        (34_000, 35_000, True),
    ],
)
def test_the_brake_holds_when_much_is_gone(gone, total, held):
    assert brake(gone, total) is held


def test_a_listing_is_complete_when_it_names_as_many_as_there_are():
    assert complete(5, 5) is True
    assert complete(6, 5) is True
    assert complete(4, 5) is False


def trace(key, digest=None, message_id=b"", size=10, received_at=WHEN):
    return Trace(key, digest, message_id, size, received_at)


def test_equal_bytes_are_a_move():
    assert match_moves([trace(1, b"d")], [trace(9, b"d")]) == {1: 9}


def test_message_id_size_and_date_together_are_a_move():
    assert match_moves([trace(1, None, b"m")], [trace(9, b"d", b"m")]) == {1: 9}


@pytest.mark.parametrize(
    "arrived",
    [
        trace(9, b"e", b"other"),
        trace(9, b"e", b"m", size=11),
        trace(9, b"e", b"m", received_at=WHEN + timedelta(seconds=1)),
        trace(9, b"e", b"m", received_at=None),
    ],
)
def test_message_id_alone_is_no_move(arrived):
    assert match_moves([trace(1, b"d", b"m")], [arrived]) == {}


def test_mails_without_a_message_id_are_not_paired_by_it():
    assert match_moves([trace(1)], [trace(9)]) == {}


def test_two_candidates_are_no_move():
    assert match_moves([trace(1, None, b"m")], [trace(8, b"x", b"m"), trace(9, b"y", b"m")]) == {}
    assert match_moves([trace(1, b"d")], [trace(8, b"d"), trace(9, b"d")]) == {}


def test_equal_bytes_in_equal_number_are_paired_in_their_order():
    assert match_moves([trace(2, b"d"), trace(1, b"d")], [trace(9, b"d"), trace(8, b"d")]) == {1: 8, 2: 9}


def test_digests_go_first():
    vanished = [trace(1, b"d", b"m"), trace(2, None, b"m")]
    arrived = [trace(8, b"e", b"m"), trace(9, b"d", b"m")]
    assert match_moves(vanished, arrived) == {1: 9, 2: 8}


traces = st.lists(
    st.builds(
        trace,
        st.integers(1, 1000),
        st.sampled_from([None, b"a", b"b", b"c"]),
        st.sampled_from([b"", b"m", b"n"]),
        st.sampled_from([10, 11]),
        st.sampled_from([WHEN, None]),
    ),
    unique_by=lambda each: each.key,
    max_size=12,
)


@given(traces, traces)
def test_every_mail_is_paired_once_at_most_and_with_reason(vanished, arrived):
    old = {each.key: each for each in vanished}
    new = {each.key: each for each in arrived}
    pairs = match_moves(vanished, arrived)
    assert len(set(pairs.values())) == len(pairs)
    for one, other in pairs.items():
        a, b = old[one], new[other]
        same_bytes = a.digest is not None and a.digest == b.digest
        same_head = bool(a.message_id) and (a.message_id, a.size, a.received_at) == (
            b.message_id,
            b.size,
            b.received_at,
        )
        assert same_bytes or same_head
