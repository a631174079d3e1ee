from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class AccountsApp(AppConfig):
    name = "accounts"
    verbose_name = _("账户与地区")

    def ready(self) -> None:
        from accounts import rotation
        from accounts.papers import services as papers

        post_migrate.connect(_load_regions, sender=self)
        rotation.also(papers.reseal)


def _load_regions(apps: Any = None, **_kwargs: Any) -> None:
    """The regions of the five policies are there after `migrate`, and again after a test has emptied the tables."""
    try:
        if apps is not None:  # `flush` sends none: all tables are there
            apps.get_model("accounts", "Region")
    except LookupError:
        return  # migrated back to before the table
    from accounts.services import load_regions

    load_regions()
