"""What Django calls the house itself, and the admin site it offers operators."""

from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig

from mailhelper import celery


class MailHelperConfig(AppConfig):
    """Holding the Celery application here makes it the current one for whoever queues a task."""

    name = "mailhelper"
    celery_app = celery.app


class OperatorsAdminConfig(AdminConfig):
    """Django admin, behind two factors."""

    default_site = "mailhelper.adminsite.OperatorsSite"
