"""Pages of accounts: the session, one's own things, people and places for the administrator, the trail, errors."""

from accounts.views.errors import broken, csrf_failure, missing, refused

__all__ = ["broken", "csrf_failure", "missing", "refused"]
