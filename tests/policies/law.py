"""Makers for drafts: officers, the shipped law with every figure up to next year, a draft ready to be submitted."""

from datetime import date

from django.utils import timezone

from accounts.models import User
from accounts.vocabulary import Role
from policies import drafting
from policies.models import PolicyParameter, PolicyVersion
from policies.services import load_documents
from tests.factories import CITY, make_user

FIRST_DAY = date(2024, 1, 1)


def officer(username: str, region: str = CITY) -> User:
    return make_user(Role.POLICY_OFFICER, username=username, region=region)


def load_law(policy: str = "tongliao") -> PolicyVersion:
    """The shipped versions; the policy's figures repeated for every year that lacks them, to the end of next year."""
    load_documents(actor=None)
    held: dict[str, dict[int, PolicyParameter]] = {}
    for row in PolicyParameter.objects.filter(policy=policy):
        held.setdefault(row.key, {})[row.year] = row
    for key, years in held.items():
        for year in range(2020, timezone.localdate().year + 2):
            if year not in years:
                last = years[max(years)]
                PolicyParameter.objects.create(
                    policy=policy, key=key, year=year, value=last.value, status="illustrative", source="样例"
                )
    return PolicyVersion.objects.get(name={"yangcheng": "yangcheng-2022"}.get(policy, f"{policy}-2023"))


def make_draft(
    actor: User, name: str = "tongliao-2024", first_day: date = FIRST_DAY, source: str = "tongliao-2023"
) -> PolicyVersion:
    return drafting.create_draft(
        actor=actor, from_version=PolicyVersion.objects.get(name=source), name=name, valid_from=first_day
    )


def edit(actor: User, draft: PolicyVersion, old: str, new: str) -> PolicyVersion:
    """Save the draft with the first `old` of its text written as `new`."""
    body = PolicyVersion.objects.get(pk=draft.pk).body
    assert old in body
    return drafting.save_draft(actor=actor, version=draft, body=body.replace(old, new, 1))
