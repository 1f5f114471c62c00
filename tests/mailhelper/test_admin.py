"""Django's admin: for operators behind two factors, state only, and no way to break anybody's keys."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django_celery_results.models import TaskResult

from accounts import authenticator, grants, invitations
from accounts.fields import ProtectedField
from accounts.models import Grant, MailAccount, ReaderSession, User
from mail.models import SyncRun
from tests.conftest import Reader
from tests.mail.factories import make_account


@pytest.fixture
def rows(alice: Reader) -> dict[str, Any]:
    """Something to see on each page."""
    account = make_account(alice).account
    run = SyncRun.objects.for_user(alice.user).create(owner=alice.user, account=account, stored=3)
    invitation = invitations.make("dora@example.org")
    task = TaskResult.objects.create(task_id="1", task_name="mail.sync_account", status="SUCCESS")
    return {
        "accounts_user": alice.user,
        "accounts_mailaccount": account,
        "mail_syncrun": run,
        "accounts_invitation": invitation,
        "django_celery_results_taskresult": task,
    }


def pages(rows: dict[str, Any]) -> list[str]:
    lists = [
        reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        for model in admin.site._registry
    ]
    singles = [reverse(f"admin:{name}_change", args=[row.pk]) for name, row in rows.items()]
    return [reverse("admin:index"), *lists, *singles]


def test_operators_see_every_page(operator_client: Client, rows: dict[str, Any]) -> None:
    for path in pages(rows):
        assert operator_client.get(path).status_code == 200, path


def test_readers_are_refused(alice_client: Client, rows: dict[str, Any]) -> None:
    for path in pages(rows):
        assert alice_client.get(path).status_code == 403, path


def test_visitors_are_sent_to_sign_in(rows: dict[str, Any]) -> None:
    for path in pages(rows):
        assert Client().get(path).headers["Location"].startswith("/sign-in/"), path


def test_an_operator_with_a_locked_vault_is_sent_to_the_lock(operator_client: Client) -> None:
    operator_client.post("/lock/")
    assert operator_client.get("/admin/").headers["Location"].startswith("/locked/")


def test_no_protected_value_and_no_secret_of_an_authenticator_is_shown(
    operator: Reader, alice: Reader, operator_client: Client, rows: dict[str, Any]
) -> None:
    text = "".join(operator_client.get(path).content.decode() for path in pages(rows))
    assert "mh1" not in text
    for reader in (alice, operator):
        assert authenticator.secret_of(reader.device) not in text
        assert reader.device.key.hex() not in text
        assert User.objects.get(pk=reader.pk).password not in text


def test_no_protected_column_is_in_any_form_list_or_search(operator: Reader, rf: Any) -> None:
    request = rf.get("/")
    request.user = operator.user
    seen = 0
    for model, model_admin in admin.site._registry.items():
        protected = {field.name for field in model._meta.fields if isinstance(field, ProtectedField)}
        shown = {*model_admin.get_fields(request), *model_admin.list_display, *model_admin.search_fields}
        assert not protected & shown, model
        seen += len(protected)
    assert seen > 0


def test_authenticators_and_sessions_have_no_pages() -> None:
    labels = {model._meta.label_lower for model in admin.site._registry}
    assert labels <= {
        "accounts.user",
        "accounts.mailaccount",
        "accounts.invitation",
        "accounts.securityevent",  # counts alone
        "axes.accessattempt",
        "mail.syncrun",
        *(label for label in labels if label.startswith(("django_celery_beat.", "django_celery_results."))),
    }
    assert "accounts.user" in labels
    assert "django_celery_beat.periodictask" in labels


def test_password_forms_are_refused(operator: Reader, operator_client: Client, alice: Reader) -> None:
    before = User.objects.get(pk=operator.pk).password
    values = {"old_password": operator.password, "new_password1": "x" * 20, "new_password2": "x" * 20}
    for path in ("/admin/password_change/", "/admin/password_change/done/"):
        assert operator_client.get(path).status_code == 403
        assert operator_client.post(path, values).status_code == 403
    with pytest.raises(NoReverseMatch):
        reverse("admin:auth_user_password_change", args=[alice.pk])
    assert User.objects.get(pk=operator.pk).password == before


def test_an_operator_shuts_a_reader_out_and_changes_nothing_else(
    operator_client: Client, alice: Reader, alice_client: Client
) -> None:
    path = reverse("admin:accounts_user_change", args=[alice.pk])
    values = {"is_staff": "", "username": "mallory", "password": "x"}
    assert operator_client.post(path, values).status_code == 302
    user = User.objects.get(pk=alice.pk)
    assert not user.is_active
    assert user.username == "alice"
    assert alice_client.get("/accounts/").headers["Location"].startswith("/sign-in/")


def test_who_is_shut_out_is_signed_out_and_lends_nothing(
    operator_client: Client, alice: Reader, alice_client: Client
) -> None:
    grants.give(alice.vault, Grant.Until.REVOKED)
    operator_client.post(reverse("admin:accounts_user_change", args=[alice.pk]), {"is_staff": ""})
    assert not Grant.objects.for_user(alice.user).exists()
    assert not ReaderSession.objects.for_user(alice.user).exists()
    with pytest.raises(grants.NoGrant):
        grants.borrow(alice.pk)


def test_an_operator_makes_operators_and_unmakes_them(
    operator_client: Client, alice: Reader, alice_client: Client
) -> None:
    path = reverse("admin:accounts_user_change", args=[alice.pk])
    page = reverse("admin:mail_syncrun_changelist")
    operator_client.post(path, {"is_active": "on", "is_staff": "on"})
    assert alice_client.get(page).status_code == 200
    operator_client.post(path, {"is_active": "on"})
    assert alice_client.get(page).status_code == 403
    assert not User.objects.get(pk=alice.pk).is_superuser


def test_rows_of_state_cannot_be_added_changed_or_deleted(
    operator_client: Client, rows: dict[str, Any]
) -> None:
    for name, row in rows.items():
        if name.startswith("django_"):
            continue
        if name != "accounts_invitation":
            assert operator_client.get(reverse(f"admin:{name}_add")).status_code == 403
        assert operator_client.post(reverse(f"admin:{name}_delete", args=[row.pk])).status_code == 403
        if name != "accounts_user":
            path = reverse(f"admin:{name}_change", args=[row.pk])
            assert operator_client.post(path, {}).status_code == 403


def test_the_admins_own_sign_in_is_no_door(alice_client: Client, db: None) -> None:
    assert Client().get("/admin/login/").headers["Location"].startswith("/sign-in/")
    assert alice_client.get("/admin/login/").status_code == 403
    assert alice_client.post("/admin/login/", {"username": "a", "password": "b"}).status_code == 403


def test_times_of_the_lock_hold_for_operators_too(operator: Reader, operator_client: Client) -> None:
    old = timezone.now() - timedelta(minutes=31)
    ReaderSession.objects.for_user(operator.user).update(acted_at=old)
    assert operator_client.get("/admin/").headers["Location"].startswith("/locked/")


def test_mail_accounts_show_state_only(operator_client: Client, rows: dict[str, Any]) -> None:
    path = reverse("admin:accounts_mailaccount_change", args=[rows["accounts_mailaccount"].pk])
    page = operator_client.get(path).content.decode()
    for name in ("host", "username", "address", "password"):
        assert f"field-{name}" not in page
    assert "field-state" in page
    assert MailAccount._meta.get_field("host").editable is False
