"""All settings, in one place. Each name that is read from the environment stands in .env.example."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import environ
from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from accounts.kdf import Cost
from accounts.networks import parse_networks
from accounts.oauth import providers
from accounts.proxies import parse_proxies
from accounts.serverkeys import new_keys, parse_keys
from mailhelper.environment import Environment

BASE_DIR = Path(__file__).resolve().parent.parent
env = Environment()

# --- where things are -------------------------------------------------------------------------------------

#: What the product keeps on disk: secrets made at the first start, logs, the embedded services.
DATA_DIR = env.path("DATA_DIR", BASE_DIR / ".data")

_SERVICES = "`bin/run` and `bin/manage` start services of their own where it is unset."
DATABASE_URL = env.needed("DATABASE_URL", _SERVICES)
REDIS_URL = env.needed("REDIS_URL", _SERVICES)

# --- the site ---------------------------------------------------------------------------------------------

DEBUG = env.truth("DEBUG", False)
SECRET_KEY = env.secret("SECRET_KEY", DATA_DIR / "secret_key")
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")

#: Where readers find the page: invitations are printed with it.
BASE_URL = env.text("BASE_URL", "http://localhost:8000").rstrip("/")

#: Reverse proxies whose X-Forwarded-For and X-Forwarded-Proto are believed. Nobody else's are.
TRUSTED_PROXIES = parse_proxies(env.words("TRUSTED_PROXIES"))

#: Set where a reverse proxy ends TLS and says so in X-Forwarded-Proto.
BEHIND_TLS_PROXY = env.truth("BEHIND_TLS_PROXY", False)
if BEHIND_TLS_PROXY:
    if not (TRUSTED_PROXIES.networks or TRUSTED_PROXIES.socket):
        raise ImproperlyConfigured("BEHIND_TLS_PROXY needs TRUSTED_PROXIES: the IP address of that proxy.")
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_SSL_REDIRECT = True
    SECURE_HSTS_SECONDS = 31_536_000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True

#: The demonstration of `bin/run`: its reader's one-time code may be printed.
DEMO = env.truth("DEMO", False)

ROOT_URLCONF = "mailhelper.urls"
WSGI_APPLICATION = "mailhelper.wsgi.application"
INSTALLED_APPS = [
    "accounts.apps.AccountsConfig",
    "mail.apps.MailConfig",
    "tags.apps.TagsConfig",
    "rules.apps.RulesConfig",
    "mailhelper.apps.MailHelperConfig",
    "mailhelper.apps.OperatorsAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_otp",
    "accounts.apps.AttemptsConfig",
    "django_ratelimit",
    "django_celery_beat",
    "django_celery_results",
    "django_htmx",
    "csp",
]
MIDDLEWARE = [
    "accounts.ipaddresses.ForwardedMiddleware",
    "mailhelper.outage.OutageMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "mailhelper.outage.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.language.LanguageMiddleware",
    "django_otp.middleware.OTPMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "accounts.door.DoorMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "mailhelper.frame.frame",
            ],
        },
    },
]
STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {"staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"}}

# --- languages and time -----------------------------------------------------------------------------------

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("de", _("German"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

# --- the door ---------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
PASSWORD_HASHERS = ["accounts.hasher.PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 15}},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "accounts.passwords.SimplePasswordValidator"},
]
LOGIN_URL = "accounts:sign_in"

#: The vault locks after so long without an act of the reader, and after so long at all.
VAULT_IDLE = timedelta(minutes=env.integer("VAULT_IDLE_MINUTES", 30, least=1, most=240))
VAULT_AT_MOST = timedelta(hours=env.integer("VAULT_HOURS", 8, least=1, most=24))

#: What a password costs to guess (RFC 9106, second profile). Memory in KiB.
PASSWORD_COST = Cost(
    memory=env.integer("ARGON2_MEMORY_KIB", 64 * 1024, least=19 * 1024, most=1024 * 1024),
    passes=env.integer("ARGON2_PASSES", 3, least=2, most=10),
)

# Five failures lock a user name out, for one IP address and a quarter of an hour (accounts.attempts).
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_ENABLE_ACCESS_FAILURE_LOG = True  # what the slower count per user name is made from; kept for an hour
AXES_ACCESS_FAILURE_LOG_PER_USER_LIMIT = 100_000
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = False
AXES_CLIENT_IP_CALLABLE = "accounts.ipaddresses.counted_ip_of"
AXES_VERBOSE = False
AXES_USERNAME_FORM_FIELD = "username"

SESSION_ENGINE = "accounts.sessions"
SESSION_SERIALIZER = "django.contrib.sessions.serializers.JSONSerializer"
SESSION_COOKIE_NAME = "__Host-session"
SESSION_COOKIE_SECURE = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 14 * 24 * 3600
CSRF_COOKIE_NAME = "__Host-csrf"
CSRF_COOKIE_SECURE = True
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "mailhelper.errors.csrf_failure"
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
CONTENT_SECURITY_POLICY: dict[str, Any] = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "frame-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
DATA_UPLOAD_MAX_MEMORY_SIZE = 1_000_000
# That limit does not count files: Django would write them to disk before any view is asked.
FILE_UPLOAD_HANDLERS = ["mailhelper.uploads.RefuseFiles"]

# --- keys -------------------------------------------------------------------------------------------------

#: Keys of this installation, `id:base64` each; the first seals, all open.
GRANT_KEYS = parse_keys(env.secret("GRANT_KEYS", DATA_DIR / "grant_keys", new_keys))

#: The product's own file of them; None where the operator gives them.
GRANT_KEYS_OWN_FILE = None if env.given_secret("GRANT_KEYS") else DATA_DIR / "grant_keys"

# --- mail -------------------------------------------------------------------------------------------------

#: Networks that are not public and may be connected to all the same: `127.0.0.1/32:4143,10.0.0.0/8`.
ALLOWED_MAIL_NETWORKS = parse_networks(env.words("ALLOWED_MAIL_NETWORKS"))

#: Whom readers can sign in with to reach their mail (OAuth 2): those at which the operator has registered.
OAUTH_PROVIDERS = providers.registered(
    providers.google(env.text("OAUTH_GOOGLE_CLIENT_ID"), env.given_secret("OAUTH_GOOGLE_CLIENT_SECRET")),
    providers.microsoft(
        env.text("OAUTH_MICROSOFT_CLIENT_ID"),
        env.given_secret("OAUTH_MICROSOFT_CLIENT_SECRET"),
        env.text("OAUTH_MICROSOFT_TENANT") or "common",
    ),
)

#: Of a larger mail only the head is kept. Bytes.
MAIL_MAX_BYTES = env.integer("MAIL_MAX_BYTES", 50_000_000, least=100_000, most=200_000_000)

#: What fetched mail passes through before it is sealed, in order.
MAIL_PIPELINE = ["mail.triage.verdict.step"]

# --- database, cache, queue -------------------------------------------------------------------------------

#: Only the web process pools: never fork with an open pool, rows would go to the wrong reader.
DATABASE_POOL = env.truth("DATABASE_POOL", False)
DATABASES: dict[str, Any] = {"default": environ.Env.db_url_config(DATABASE_URL)}
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
DATABASES["default"]["CONN_MAX_AGE"] = 0 if DATABASE_POOL else 60
DATABASES["default"].setdefault("OPTIONS", {})
DATABASES["default"]["OPTIONS"]["connect_timeout"] = 5
if DATABASE_POOL:
    DATABASES["default"]["OPTIONS"]["pool"] = {"min_size": 1, "max_size": 12, "timeout": 5}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# For the counts of accounts.limits and nothing else. It must not hang a page: no second try.
CACHES: dict[str, Any] = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "mailhelper",
        "OPTIONS": {"socket_timeout": 1, "socket_connect_timeout": 1},
    }
}

CELERY_BROKER_URL = REDIS_URL
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# A stalled broker must not hang a page, and a worker's death must be noticed within seconds.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 1800,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "socket_timeout": 5,
    "socket_connect_timeout": 3,
    "socket_keepalive": True,
    "health_check_interval": 25,
}
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0.1}
CELERY_TASK_DEFAULT_QUEUE = "interactive"
CELERY_TASK_ROUTES = {"mail.sync_account": {"queue": "sync"}}
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TIME_LIMIT = 600
CELERY_TASK_SOFT_TIME_LIMIT = 540
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_MAX_MEMORY_PER_CHILD = 400_000  # KiB
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 10
CELERY_WORKER_ENABLE_SOFT_SHUTDOWN_ON_IDLE = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TIMEZONE = "UTC"
CELERY_RESULT_BACKEND = "django-db"
CELERY_RESULT_EXTENDED = True  # task names; arguments are ids and nothing else
CELERY_RESULT_EXPIRES = timedelta(days=7)
# Without it the connection is closed after each task: 170 tasks a second instead of 490.
CELERY_DB_REUSE_MAX = 500
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
CELERY_BEAT_MAX_LOOP_INTERVAL = 5
DJANGO_CELERY_BEAT_TZ_AWARE = True

# --- logs -------------------------------------------------------------------------------------------------

LOG_LEVEL = env.text("LOG_LEVEL", "INFO")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "class": "mailhelper.logs.LineFormatter",
            "format": "{asctime} {levelname} {name}: {message}",
            "style": "{",
        }
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {
        "django": {"level": "INFO", "propagate": True, "handlers": []},
        # A refused form is no event of the server's, and its path may hold an invitation.
        "django.request": {"level": "ERROR"},
        # At DEBUG these print queries' values, passwords and mail.
        "django.db.backends": {"level": "WARNING"},
        "imapclient": {"level": "WARNING"},
        # Tells of each failure at the door, which are events of their readers.
        "axes": {"level": "ERROR"},
        "celery": {"level": "INFO"},
        # Prints a task's arguments and result.
        "celery.app.trace": {"level": "WARNING"},
    },
}

SILENCED_SYSTEM_CHECKS = [
    "axes.W002",  # its middleware answers lockouts with a page of its own; ours are told in the form
    "axes.W003",  # its backend reads the request that it must not have; accounts.attempts asks it instead
    "django_ratelimit.W001",  # knows no Redis cache but another package's; Django's counts atomically too
]
