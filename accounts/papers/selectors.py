"""Reads of papers."""

import uuid

from django.db.models import QuerySet

from accounts.models import User
from accounts.papers import owners
from accounts.papers.models import StoredFile


def papers_of(kind: str, owner_id: int) -> QuerySet[StoredFile]:
    """The papers of a thing that the caller has already found visible; withdrawn ones left out."""
    return StoredFile.objects.filter(owner_kind=kind, owner_id=owner_id, withdrawn_at=None).select_related(
        "uploaded_by"
    )


def papers_of_draft(user: User, draft_key: uuid.UUID) -> QuerySet[StoredFile]:
    """The user's own papers of a form that is not sent yet."""
    return StoredFile.objects.filter(draft_key=draft_key, uploaded_by=user, owner_id=None, withdrawn_at=None)


def may_see(user: User, paper: StoredFile) -> bool:
    """Whether the user may open the paper: who may see what it belongs to; of a draft the uploader."""
    if paper.owner_id is None:
        return paper.uploaded_by_id == user.pk
    return owners.may_see(user, paper.owner_kind, paper.owner_id)
