"""How the tables of libraries are kept: plain, and why.

A column that is not named here is found by the check: a library's new version brings none in unseen.
"""

_ID = "names rows"
_TIME = "time"
_EMPTY = "always empty here"
_SCHEDULE = "beat's schedule, the operators' to change"

#: By the model's label, then by field.
REASONS: dict[str, dict[str, str]] = {
    "sessions.Session": {
        "session_key": "random; worth nothing without the cookie's half of the vault",
        "session_data": "signed; the vault's half in it is an envelope under the cookie's",
        "expire_date": _TIME,
    },
    "axes.AccessAttempt": {
        "id": _ID,
        "username": "who is locked out: a reader's user name, or a keyed digest of what is none",
        "ip_address": "from where; of IPv6 the network",
        "failures_since_start": "count",
        "attempt_time": _TIME,
        "path_info": "which factor was wrong",
        **dict.fromkeys(("user_agent", "http_accept", "get_data", "post_data"), _EMPTY),
    },
    "axes.AccessFailureLog": {
        "id": _ID,
        "username": "a reader's user name, or a keyed digest of what is none; kept for an hour",
        "ip_address": "from where; of IPv6 the network",
        "attempt_time": _TIME,
        "path_info": "which factor was wrong",
        "locked_out": "state",
        **dict.fromkeys(("user_agent", "http_accept"), _EMPTY),
    },
    "axes.AccessAttemptExpiration": {"access_attempt": _ID, "expires_at": _TIME},
    "axes.AccessLog": dict.fromkeys(
        (
            *("id", "user_agent", "ip_address", "username", "http_accept", "path_info", "attempt_time"),
            *("logout_time", "session_hash"),
        ),
        "switched off: the table stays empty",
    ),
    "admin.LogEntry": {
        "id": _ID,
        "action_time": _TIME,
        "user": "which operator it was",
        "content_type": "what kind of row was changed",
        "object_id": _ID,
        "object_repr": "the row's kind and number, or a user name",
        "action_flag": "one of three",
        "change_message": "names of the fields that were changed",
    },
    "auth.Permission": dict.fromkeys(("id", "name", "content_type", "codename"), "rights that there are"),
    "auth.Group": dict.fromkeys(("id", "name"), "operators' groups"),
    "auth.Group_permissions": dict.fromkeys(("id", "group", "permission"), "operator's rights"),
    "accounts.User_groups": dict.fromkeys(("id", "user", "group"), "operator's rights"),
    "accounts.User_user_permissions": dict.fromkeys(("id", "user", "permission"), "operator's rights"),
    "contenttypes.ContentType": dict.fromkeys(("id", "app_label", "model"), "which models there are"),
    "django_celery_beat.SolarSchedule": dict.fromkeys(("id", "event", "latitude", "longitude"), _SCHEDULE),
    "django_celery_beat.IntervalSchedule": dict.fromkeys(("id", "every", "period"), _SCHEDULE),
    "django_celery_beat.ClockedSchedule": dict.fromkeys(("id", "clocked_time"), _SCHEDULE),
    "django_celery_beat.CrontabSchedule": dict.fromkeys(
        ("id", "minute", "hour", "day_of_month", "month_of_year", "day_of_week", "timezone"), _SCHEDULE
    ),
    "django_celery_beat.PeriodicTasks": dict.fromkeys(("ident", "last_update"), _SCHEDULE),
    "django_celery_beat.PeriodicTask": dict.fromkeys(
        (
            *("id", "name", "task", "interval", "crontab", "solar", "clocked", "args", "kwargs", "queue"),
            *("exchange", "routing_key", "headers", "priority", "expires", "expire_seconds", "one_off"),
            *("start_time", "enabled", "last_run_at", "total_run_count", "date_changed", "description"),
        ),
        _SCHEDULE,
    ),
    "django_celery_results.TaskResult": {
        "id": _ID,
        "task_id": _ID,
        **dict.fromkeys(("periodic_task_name", "task_name", "worker", "status"), "what ran where"),
        **dict.fromkeys(("task_args", "task_kwargs"), "ids of rows"),
        "result": "counts, or an error code",
        "traceback": "places in the code; exceptions carry codes only",
        **dict.fromkeys(("content_type", "content_encoding", "meta"), "how the result is written"),
        **dict.fromkeys(("date_created", "date_started", "date_done"), _TIME),
    },
    "django_celery_results.ChordCounter": dict.fromkeys(
        ("id", "group_id", "sub_tasks", "count"), "not used: the table stays empty"
    ),
    "django_celery_results.GroupResult": dict.fromkeys(
        ("id", "group_id", "date_created", "date_done", "content_type", "content_encoding", "result"),
        "not used: the table stays empty",
    ),
}

#: Of Django's own, which no model knows.
TABLES = {"django_migrations": "which migrations ran"}
