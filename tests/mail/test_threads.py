"""Threads: joined by what mails name, never by chance."""

from mail.threads import Joined


def test_threads_that_share_a_reference_become_one() -> None:
    joined = Joined()
    joined.join([b"a"], {1})
    joined.join([b"b"], {2})
    assert joined.join([b"a", b"b"], joined.of([b"a", b"b"])) == 1
    assert joined.lead(2) == 1
    assert joined.of([b"b"]) == {1}


def test_the_leader_of_a_chain_is_found() -> None:
    joined = Joined()
    for number in (5, 4, 3):
        joined.join([b"%d" % number], {number})
    joined.join([], {5, 4})
    joined.join([], {4, 3})
    assert {joined.lead(number) for number in (3, 4, 5)} == {3}


def test_unknown_references_are_of_no_thread() -> None:
    assert Joined().of([b"x"]) == set()
