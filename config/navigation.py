"""The frame of every page: entries of the user's role, with the work that waits."""

from django.http import HttpRequest


def frame(request: HttpRequest) -> dict[str, object]:
    """Context of the base template."""
    return {}
