"""The applicant and the household beside the register: what a checker should know before deciding (findings).

A finding is `{code, tone, …}` with plain values, stored with the check; `say` words it in the reader's language.
"""

from datetime import date, timedelta
from typing import Any

from django.utils.translation import gettext as _

from accounts.vocabulary import Category
from assistance.models import Application, Decision, HouseholdMember
from assistance.selectors import rules
from assistance.vocabulary import FINAL, State
from beneficiaries.models import Person

YEAR = timedelta(days=365)


def findings_of(application: Application) -> list[dict[str, Any]]:
    """Double applications, members of the household who applied, category held, deaths, unknown members."""
    members = list(HouseholdMember.objects.filter(application=application).select_related("person"))
    return [
        *_categories(application),
        *_doubles(application),
        *_household(application, members),
        *_deaths(application, members),
        *({"code": "unknown_member", "tone": "due", "name": one.name} for one in members if one.person_id is None),
    ]


def _categories(application: Application) -> list[dict[str, Any]]:
    held = sorted(rules.held_on(application.person_id, application.applied_on))
    who = rules.kind_of(application).who
    fits = not who or any(code in who for code in held)
    return [{"code": "categories", "tone": "done" if fits else "late", "held": held, "who": list(who)}]


def _doubles(application: Application) -> list[dict[str, Any]]:
    others = (
        Application.objects.filter(person_id=application.person_id, rule=application.rule)
        .exclude(pk=application.pk)
        .exclude(state=State.WITHDRAWN)
        .filter(applied_on__gte=application.applied_on - YEAR)
    )
    return [
        {
            "code": "double",
            "tone": "plain" if one.state in (*FINAL, State.REJECTED) else "late",
            "id": one.pk,
            "number": one.number,
            "state": one.state,
        }
        for one in others.order_by("-id")[:10]
    ]


def _household(application: Application, members: list[HouseholdMember]) -> list[dict[str, Any]]:
    keys = [one.id_key for one in members if one.id_key]
    persons = Person.objects.filter(id_key__in=keys)
    home = application.person.household_id
    if home:
        persons = persons | Person.objects.filter(household_id=home)
    found = (
        Application.objects.filter(person__in=persons.exclude(pk=application.person_id).values("pk"))
        .exclude(state=State.WITHDRAWN)
        .filter(applied_on__gte=application.applied_on - YEAR)
        .select_related("person")
    )
    amounts = dict(
        Decision.objects.filter(application__in=found, outcome=Decision.Outcome.APPROVED).values_list(
            "application_id", "amount"
        )
    )
    return [
        {
            "code": "household",
            "tone": "due",
            "id": one.pk,
            "number": one.number,
            "name": one.person.name,
            "rule": one.rule,
            "state": one.state,
            "amount": amounts.get(one.pk, 0),
        }
        for one in found.order_by("-id")[:20]
    ]


def _deaths(application: Application, members: list[HouseholdMember]) -> list[dict[str, Any]]:
    persons = {application.person_id: application.person} | {one.person_id: one.person for one in members if one.person}
    return [
        {"code": "deceased", "tone": "late", "name": one.name, "day": _iso(one.deceased_on)}
        for one in persons.values()
        if one is not None and one.deceased_on
    ]


def _iso(day: date | None) -> str:
    return day.isoformat() if day else ""


def say(finding: dict[str, Any]) -> str:
    """The sentence of a finding."""
    state = str(State(finding["state"]).label) if finding.get("state") else ""
    if finding["code"] == "categories":
        held = "、".join(str(Category(code).label) for code in finding["held"])
        who = "、".join(str(Category(code).label) for code in finding["who"])
        if not finding["held"]:
            return _("申请之日没有登记的人员类别；本事项适用于%(who)s。") % {"who": who or _("不限类别的人员")}
        if finding["tone"] == "late":
            return _("申请之日的类别：%(held)s；不在本事项的适用人员之内（%(who)s）。") % {"held": held, "who": who}
        return _("申请之日的类别：%(held)s。") % {"held": held}
    if finding["code"] == "double":
        return _("同一事项另有申请 %(number)s（%(state)s）。") % {"number": finding["number"], "state": state}
    if finding["code"] == "household":
        values = {"name": finding["name"], "number": finding["number"], "rule": finding["rule"], "state": state}
        return _("同户的%(name)s一年内申请过“%(rule)s”：%(number)s（%(state)s）。") % values
    if finding["code"] == "deceased":
        return _("%(name)s已登记死亡（%(day)s）。") % finding
    return _("家庭成员%(name)s不在人员登记中，费用和类别无法比对。") % finding
