"""Who asks, with their office: every page needs both, so they come in one query."""

from typing import Any

from django.contrib.auth.backends import ModelBackend

from accounts.models import User


class OfficeBackend(ModelBackend):
    """Reads the account of a session together with its organisation and region."""

    def get_user(self, user_id: Any) -> User | None:
        found = User.objects.select_related("organisation__region").filter(pk=user_id).first()
        return found if found is not None and self.user_can_authenticate(found) else None
