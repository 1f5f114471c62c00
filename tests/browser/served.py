"""Settings of the processes that the browser talks to: the product's, with places of their own."""

import os
from pathlib import Path

from mailhelper.settings import *  # noqa: F403
from mailhelper.settings import CELERY_BROKER_TRANSPORT_OPTIONS
from tests.servers.identity import provider_at

#: Where the tests' identity provider is, and the port of its mail server.
if place := os.environ.get("BROWSER_PROVIDER"):
    url, port = place.split()
    OAUTH_PROVIDERS = {"google": provider_at(url, int(port))}

STATIC_ROOT = Path(os.environ["BROWSER_STATIC"])
CELERY_BROKER_TRANSPORT_OPTIONS = {
    **CELERY_BROKER_TRANSPORT_OPTIONS,
    "global_keyprefix": os.environ["BROWSER_QUEUE"],
}
