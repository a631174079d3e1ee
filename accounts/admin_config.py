from django.contrib.admin.apps import AdminConfig


class TuodiAdminConfig(AdminConfig):
    """In a module of its own: it is read before any model may be imported."""

    default_site = "accounts.admin_site.TuodiAdminSite"
