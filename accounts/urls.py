"""Pages of the door, the keys and the mail accounts."""

from django.urls import path

from accounts.oauth.providers import NAMES
from accounts.views import (
    activity,
    authenticators,
    background,
    language,
    lock,
    lockstate,
    mail_accounts,
    mail_tests,
    oauth,
    passkeys,
    recovery,
    renewals,
    second_factor,
    security,
    sessions,
    sign_in,
    sign_up,
)

app_name = "accounts"

door_urls = [
    path("sign-in/", sign_in.sign_in, name="sign_in"),
    path("sign-in/code/", second_factor.sign_in_code, name="sign_in_code"),
    path("sign-in/passkey/", second_factor.sign_in_passkey, name="sign_in_passkey"),
    path("sign-out/", sign_in.sign_out, name="sign_out"),
    path("lock/", lock.lock, name="lock"),
    path("locked/", lock.locked, name="locked"),
    path("lock/state/", lockstate.state, name="lock_state"),
    path("lock/stay/", lockstate.stay, name="stay"),
    path("language/", language.language, name="language"),
]
sign_up_urls = [
    path("sign-up/authenticator/", sign_up.sign_up_authenticator, name="sign_up_authenticator"),
    path("sign-up/codes/", sign_up.sign_up_codes, name="sign_up_codes"),
    path("sign-up/key/", sign_up.sign_up_key, name="sign_up_key"),
    path("sign-up/<str:token>/", sign_up.sign_up, name="sign_up"),
]
security_urls = [
    path("recover/", recovery.recover, name="recover"),
    path("settings/security/", security.security, name="security"),
    path("settings/security/password/", security.password, name="password"),
    path("settings/security/backup-codes/", renewals.new_backup_codes, name="new_backup_codes"),
    path("settings/security/recovery-key/", renewals.new_recovery_key, name="new_recovery_key"),
    path("settings/security/authenticator/", authenticators.change_authenticator, name="authenticator"),
    path("settings/security/passkeys/add/", passkeys.add_passkey, name="add_passkey"),
    path("settings/security/passkeys/make/", passkeys.make_passkey, name="make_passkey"),
    path("settings/security/passkeys/<int:pk>/rename/", passkeys.rename_passkey, name="rename_passkey"),
    path("settings/security/passkeys/<int:pk>/remove/", passkeys.remove_passkey, name="remove_passkey"),
    path("settings/security/new-keys/", renewals.new_keys, name="new_keys"),
]
session_urls = [
    path("settings/sessions/", sessions.sessions, name="sessions"),
    path("settings/sessions/end-others/", sessions.end_other_sessions, name="end_other_sessions"),
    path("settings/sessions/<int:pk>/end/", sessions.end_session, name="end_session"),
    path("settings/browsers/<int:pk>/", sessions.new_browser, name="new_browser"),
    path("settings/activity/", activity.activity, name="activity"),
    path("settings/background/", background.background_sync, name="background_sync"),
    path("settings/background/later/", background.background_later, name="background_later"),
]
mail_account_urls = [
    path("accounts/", mail_accounts.accounts_list, name="list"),
    path("accounts/add/", mail_accounts.add, name="add"),
    path("accounts/find/", mail_tests.find, name="find"),
    path("accounts/test/", mail_tests.test, name="test"),
    path("accounts/background/", background.background, name="background"),
    path("accounts/<int:pk>/edit/", mail_accounts.edit, name="edit"),
    path("accounts/<int:pk>/delete/", mail_accounts.delete, name="delete"),
    path("accounts/<int:pk>/pause/", mail_accounts.pause, name="pause"),
    path("accounts/<int:pk>/resume/", mail_accounts.resume, name="resume"),
    path("accounts/<int:pk>/sync/", mail_accounts.sync, name="sync"),
    path("accounts/<int:pk>/progress/", mail_accounts.progress, name="progress"),
]
oauth_urls = [
    path(f"accounts/oauth/{provider}/{step}/", view, {"provider": provider}, name=f"oauth_{step}")
    for provider in NAMES
    for step, view in (("start", oauth.oauth_start), ("return", oauth.oauth_return))
]
urlpatterns = [*oauth_urls, *door_urls, *sign_up_urls, *security_urls, *session_urls, *mail_account_urls]
