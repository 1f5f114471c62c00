"""The web process. It is loaded in each worker, never before the fork (a forked pool mixes up answers)."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mailhelper.settings")
application = get_wsgi_application()
