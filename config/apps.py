from django.apps import AppConfig


class ConfigApp(AppConfig):
    """Holds the commands that span rooms: services, demo, translations."""

    name = "config"
    label = "config"
