"""Rows are reached through their owner, or the query raises."""

import pytest
from django.db import connection
from django.forms import modelform_factory
from django.shortcuts import get_object_or_404
from django.test import RequestFactory
from django.views.generic import DetailView

from accounts.ids import draw_id
from accounts.models import MailAccount
from accounts.ownership import UnscopedQuery, acting_as, acting_as_operator
from mail.models import Folder, SyncRun
from tests.conftest import Reader


def account_of(reader: Reader) -> MailAccount:
    row = MailAccount(pk=draw_id(MailAccount), owner=reader.user, port=993)
    for name in ("name", "address", "host", "username"):
        setattr(row, name, reader.vault.seal_secret(row, name, b"x"))
    row.save(force_insert=True)
    return row


def folder_of(account: MailAccount, reader: Reader) -> Folder:
    return Folder.objects.for_user(reader.user).create(
        owner=reader.user, account=account, name=b"mh1", name_key=b"k"
    )


@pytest.mark.parametrize("ask", ["all", "first", "count", "in_bulk", "exists"])
def test_a_query_that_names_nobody_raises(alice: Reader, ask: str) -> None:
    with pytest.raises(UnscopedQuery):
        getattr(MailAccount.objects, ask)()


def test_a_reader_sees_their_own_rows_only(alice: Reader, bob: Reader) -> None:
    mine = account_of(alice)
    assert list(MailAccount.objects.for_user(alice.user)) == [mine]
    assert not MailAccount.objects.for_user(bob.user).exists()


def test_a_visitor_owns_nothing(rf: RequestFactory) -> None:
    with pytest.raises(UnscopedQuery):
        MailAccount.objects.for_user(type("Visitor", (), {"pk": None})())


def test_get_object_or_404_on_the_model_raises(alice: Reader) -> None:
    row = account_of(alice)
    with pytest.raises(UnscopedQuery):
        get_object_or_404(MailAccount, pk=row.pk)


def test_a_careless_model_form_raises(alice: Reader) -> None:
    with pytest.raises(UnscopedQuery):
        modelform_factory(SyncRun, fields=["account"])


def test_a_generic_view_raises(alice: Reader, rf: RequestFactory) -> None:
    with pytest.raises(UnscopedQuery):
        DetailView.as_view(model=MailAccount)(rf.get("/"), pk=account_of(alice).pk)


def test_rows_that_were_found_lead_to_others(alice: Reader) -> None:
    account = account_of(alice)
    folder = folder_of(account, alice)
    assert list(account.folders.all()) == [folder]
    found = MailAccount.objects.for_user(alice.user).prefetch_related("folders").get()
    assert list(found.folders.all()) == [folder]
    assert Folder.objects.for_user(alice.user).get().account == account


def test_unscoped_needs_an_operator_and_a_reason(alice: Reader) -> None:
    account_of(alice)
    with pytest.raises(UnscopedQuery):
        MailAccount.unscoped.count()
    with acting_as_operator("a test"):
        assert MailAccount.unscoped.count() == 1
    with pytest.raises(UnscopedQuery):
        MailAccount.unscoped.count()
    with pytest.raises(ValueError, match="reason"), acting_as_operator(""):
        pass


def test_acting_as_tells_the_database_whose_rows(alice: Reader) -> None:

    with acting_as(alice.user), connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('app.owner')")
        assert cursor.fetchone() == (str(alice.pk),)


def test_deleting_a_user_takes_their_rows_along(alice: Reader) -> None:
    folder_of(account_of(alice), alice)
    alice.user.delete()
    with acting_as_operator("a test"):
        assert not Folder.unscoped.exists()


@pytest.mark.parametrize("nobody", [0, -1, True])
def test_nobodys_name_opens_nothing(db: None, nobody: int) -> None:
    with pytest.raises(UnscopedQuery), acting_as(nobody):
        pass
