"""Writes of accounts."""

from django.db import transaction

from accounts.models import User


@transaction.atomic
def set_language(*, actor: User, language: str) -> User:
    """The language in which the account's pages are shown."""
    if actor.language != language:
        actor.language = language
        actor.save(update_fields=["language"])
    return actor


@transaction.atomic
def change_password(*, actor: User, password: str) -> User:
    """One's own password; ends the duty to change it. The form has checked it."""
    actor.set_password(password)
    actor.must_change_password = False
    actor.save(update_fields=["password", "must_change_password"])
    return actor
