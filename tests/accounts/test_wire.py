"""The connection below: arguments in, answers out, limits."""

import pytest

from accounts.wire import Literal, UnsafeArgument, WireError, quoted
from tests.mail.imap.conftest import connect


def test_strings_are_quoted_where_that_is_allowed():
    assert quoted(b"INBOX") == b'"INBOX"'
    assert quoted(b'a"b\\c') == b'"a\\"b\\\\c"'
    assert quoted(b"") == b'""'


@pytest.mark.parametrize("text", ["ü".encode(), b"\x01", b"\x7f", b"a\tb", b"x" * 1001])
def test_other_strings_are_literals(text):
    assert quoted(text) == Literal(text)
    assert isinstance(quoted(text), Literal)


@pytest.mark.parametrize("offers", [b"", b" LITERAL+"])
def test_literals_wait_for_the_server_unless_it_needs_no_waiting(serve, offers):
    capability = b"* CAPABILITY IMAP4rev1 AUTH=PLAIN SASL-IR%b\r\nTAG OK\r\n" % offers
    server = serve({"CAPABILITY": capability, "X": b"TAG OK\r\n"})
    client = connect(server)
    assert client.ask(b"X", Literal(b"one"), b"two", Literal(b"three")).ok
    mark = b"+" if offers else b""
    assert server.commands[-1].endswith(b"X {3%b}\r\none two {5%b}\r\nthree" % (mark, mark))


def test_a_literal_that_is_refused_is_not_sent(serve):
    server = serve({"X": b"TAG NO too long\r\n"}, literals=False)
    assert connect(server).ask(b"X", Literal(b"one")).status == "NO"
    assert server.commands[-1].endswith(b"X {3}")
    assert b"one" not in server.received


@pytest.mark.parametrize("part", [b"a\r\nb", b"a\n", b"\r", b"\0", Literal(b"a\r\nb")])
def test_a_part_with_a_line_break_is_refused_before_anything_is_sent(serve, part):
    server = serve()
    client = connect(server)
    before = len(server.commands)
    with pytest.raises(UnsafeArgument):
        client.ask(b"NOOP", part)
    assert client.ask(b"NOOP").ok
    assert len(server.commands) == before + 1


def test_blank_lines_and_an_ok_without_a_text_are_an_answer(serve):
    answer = connect(serve({"NOOP": b"\r\n* 1 EXISTS\r\n\r\nTAG OK \r\n"})).ask(b"NOOP")
    assert (answer.status, answer.text, answer.responses) == ("OK", b"", [[b"* 1 EXISTS"]])


def test_an_answer_and_an_error_do_not_show_what_the_server_said(serve):
    client = connect(serve({"NOOP": b"* BYE secret\r\n* 1 FETCH (secret)\r\nTAG NO secret\r\n"}))
    assert "secret" not in repr(client.ask(b"NOOP"))
    with pytest.raises(WireError) as caught:
        client.wire._fail("garbled")
    assert "secret" not in str(caught.value)
    assert "secret" not in repr(caught.value)


def test_a_closed_connection_stays_closed(serve):
    client = connect(serve())
    client.wire.shutdown()
    for _ in range(2):
        with pytest.raises(WireError) as caught:
            client.ask(b"NOOP")
        assert caught.value.code == "server-closed"
