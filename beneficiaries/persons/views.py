"""Forms of what is done to one person: each a page of its own, and back to the file."""

from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.access import Act
from accounts.doors import ActView, get_visible, go
from accounts.forms import add_errors
from beneficiaries import services as register
from beneficiaries.dependants import MergeBlocked
from beneficiaries.diseases import services as diseases
from beneficiaries.households import services as households
from beneficiaries.merging import services as merging
from beneficiaries.models import Person
from beneficiaries.persons import forms as given
from beneficiaries.persons import services
from beneficiaries.selectors import by_number
from beneficiaries.spells import services as spells
from exchange import reader


class PersonAct(ActView):
    """One form about one person: what it asks (`form_class`, `initial`), what it does (`run`), what it says then."""

    act = Act.PERSON_WRITE
    form_class: ClassVar[type[forms.Form]]
    title: ClassVar[Any]
    label: ClassVar[Any] = ""
    done: ClassVar[Any] = gettext_lazy("已保存")
    tab: ClassVar[str] = ""
    template: ClassVar[str] = "beneficiaries/act.html"

    def get(self, request: HttpRequest, **keys: int) -> HttpResponse:
        self.find(keys)
        return self.page(self.form(None))

    def post(self, request: HttpRequest, **keys: int) -> HttpResponse:
        self.find(keys)
        form = self.form(request.POST)
        if form.is_valid():
            try:
                self.run(form.cleaned_data)
            except ValidationError as error:
                add_errors(form, error)
            except (PermissionDenied, MergeBlocked) as error:
                form.add_error(None, str(error))
            else:
                messages.success(request, self.done)
                return go(request, self.back())
        return self.page(form)

    def find(self, keys: dict[str, int]) -> None:
        self.person = get_visible(self.request, Person.objects.select_related("region", "household"), pk=keys["pk"])

    def form(self, data: Any) -> forms.Form:
        return self.form_class(data, user=self.user, initial=self.initial(), **self.asked())

    def initial(self) -> dict[str, Any]:
        return {}

    def asked(self) -> dict[str, Any]:
        """What the form needs besides."""
        return {}

    def run(self, data: dict[str, Any]) -> Any:
        raise NotImplementedError

    def back(self) -> str:
        if self.tab:
            return reverse("beneficiaries:person_tab", args=[self.person.pk, self.tab])
        return reverse("beneficiaries:person", args=[self.person.pk])

    def page(self, form: forms.Form) -> HttpResponse:
        context = {
            "title": self.title,
            "person": self.person,
            "form": form,
            "label": self.label or self.title,
            "cancel": self.back(),
            "facts": self.facts(),
        }
        return render(self.request, self.template, context, status=422 if form.errors else 200)

    def facts(self) -> list[Any]:
        """What stands above the form."""
        return [
            {"label": _("证件号码"), "value": self.person.masked_id_number, "kind": "mono"},
            (_("所在地区"), self.person.region.name),
        ]


class Edit(PersonAct):
    form_class = given.EditForm
    title = gettext_lazy("编辑人员信息")
    label = gettext_lazy("保存")

    def initial(self) -> dict[str, Any]:
        names = ("name", "pinyin", "region", "address", "rural")
        return {name: getattr(self.person, name) for name in names}

    def form(self, data: Any) -> forms.Form:
        """The telephone is not shown in full here: that would be a recorded act."""
        form = super().form(data)
        if masked := self.person.masked_phone:
            form.fields["phone"].help_text = _("现为 %(phone)s；留空不变。") % {"phone": masked}
        else:
            form.fields.pop("no_phone")
        return form

    def run(self, data: dict[str, Any]) -> Any:
        if not data.pop("no_phone", False) and not data["phone"]:
            data["phone"] = None
        return services.edit_person(actor=self.user, person=self.person, **data)


class AddDocument(PersonAct):
    form_class = given.DocumentForm
    title = gettext_lazy("添加证件")
    tab = "papers"

    def run(self, data: dict[str, Any]) -> Any:
        return services.add_document(actor=self.user, person=self.person, **data)


class DocumentAct(PersonAct):
    form_class = given.ReasonOnly
    tab = "papers"

    def find(self, keys: dict[str, int]) -> None:
        super().find(keys)
        self.document = get_object_or_404(self.person.documents, pk=keys["document"])

    def facts(self) -> list[Any]:
        kind, number = self.document.get_kind_display(), self.document.masked_number
        return [(_("证件类型"), kind), {"label": _("证件号码"), "value": number, "kind": "mono"}]


class MakeMain(DocumentAct):
    title = gettext_lazy("设为主证件")

    def run(self, data: dict[str, Any]) -> Any:
        return services.make_main(actor=self.user, document=self.document, **data)


class RemoveDocument(DocumentAct):
    title = gettext_lazy("删除证件")

    def run(self, data: dict[str, Any]) -> Any:
        return services.remove_document(actor=self.user, document=self.document, **data)


class Death(PersonAct):
    form_class = given.DeathForm
    title = gettext_lazy("死亡登记")
    label = gettext_lazy("登记")

    def initial(self) -> dict[str, Any]:
        return {"day": self.person.deceased_on, "source": self.person.death_source}

    def run(self, data: dict[str, Any]) -> Any:
        return services.record_death(actor=self.user, person=self.person, **data)


class TakeBackDeath(PersonAct):
    form_class = given.ReasonOnly
    title = gettext_lazy("撤销死亡登记")

    def run(self, data: dict[str, Any]) -> Any:
        return services.take_back_death(actor=self.user, person=self.person, **data)


class Bank(PersonAct):
    form_class = given.BankForm
    title = gettext_lazy("银行账户")
    label = gettext_lazy("保存")
    tab = "papers"

    def initial(self) -> dict[str, Any]:
        return {"bank_name": self.person.bank_name}

    def run(self, data: dict[str, Any]) -> Any:
        return services.set_bank_account(actor=self.user, person=self.person, **data)


# --- categories -----------------------------------------------------------------------------------------------------
class Certify(PersonAct):
    form_class = given.SpellForm
    title = gettext_lazy("补录认定")
    label = gettext_lazy("登记")
    tab = "spells"

    def run(self, data: dict[str, Any]) -> Any:
        return spells.certify_by_hand(actor=self.user, person=self.person, **data)


class SpellAct(PersonAct):
    form_class = given.ReasonOnly
    tab = "spells"

    def find(self, keys: dict[str, int]) -> None:
        super().find(keys)
        self.spell = get_object_or_404(self.person.spells, pk=keys["spell"])

    def facts(self) -> list[Any]:
        one = self.spell
        return [
            (_("人员类别"), one.get_category_display()),
            (_("认定部门"), one.get_department_display()),
            {"label": _("认定日期"), "value": one.valid_from, "kind": "date"},
            {"label": _("退出日期"), "value": one.valid_to, "kind": "date"},
        ]


class EndSpell(SpellAct):
    form_class = given.EndForm
    title = gettext_lazy("退出类别")

    def run(self, data: dict[str, Any]) -> Any:
        return register.end_category(actor=self.user, spell=self.spell, **data)


class CorrectSpell(SpellAct):
    form_class = given.CorrectForm
    title = gettext_lazy("更正认定")

    def initial(self) -> dict[str, Any]:
        return {name: getattr(self.spell, name) for name in ("category", "valid_from", "valid_to", "evidence")}

    def asked(self) -> dict[str, Any]:
        return {"department": self.spell.department}

    def run(self, data: dict[str, Any]) -> Any:
        return spells.correct_spell(actor=self.user, spell=self.spell, **data)


class WithdrawSpell(SpellAct):
    title = gettext_lazy("作废认定")

    def run(self, data: dict[str, Any]) -> Any:
        return spells.withdraw_spell(actor=self.user, spell=self.spell, **data)


# --- diseases, household, merge -------------------------------------------------------------------------------------
class RegisterDisease(PersonAct):
    form_class = given.DiseaseForm
    title = gettext_lazy("登记病种")
    label = gettext_lazy("登记")
    tab = "diseases"

    def run(self, data: dict[str, Any]) -> Any:
        return diseases.register_disease(actor=self.user, person=self.person, **data)


class EndDisease(PersonAct):
    form_class = given.EndForm
    title = gettext_lazy("终止病种登记")
    tab = "diseases"

    def find(self, keys: dict[str, int]) -> None:
        super().find(keys)
        self.registration = get_object_or_404(self.person.diseases, pk=keys["registration"])

    def facts(self) -> list[Any]:
        one = self.registration
        return [(_("登记种类"), one.get_register_display()), (_("病种名称"), one.name)]

    def run(self, data: dict[str, Any]) -> Any:
        return diseases.end_registration(actor=self.user, registration=self.registration, **data)


class MoveMember(PersonAct):
    form_class = given.MemberForm
    title = gettext_lazy("变更所在户")
    tab = "household"

    def initial(self) -> dict[str, Any]:
        return {"number": str(self.person.household or ""), "relation": self.person.relation}

    def run(self, data: dict[str, Any]) -> Any:
        return households.move_member(actor=self.user, person=self.person, **data)


class LeaveHousehold(PersonAct):
    form_class = given.ReasonOnly
    title = gettext_lazy("移出本户")

    def run(self, data: dict[str, Any]) -> Any:
        return households.leave(actor=self.user, person=self.person, **data)


class ProposeMerge(PersonAct):
    form_class = given.MergeForm
    title = gettext_lazy("合并档案")
    label = gettext_lazy("提交复核")
    done = gettext_lazy("已提交，待复核人员确认")

    def run(self, data: dict[str, Any]) -> Any:
        try:
            gone = by_number(self.user, data["id_number"])
        except reader.FieldError as error:
            raise ValidationError({"id_number": str(error)}) from error
        if gone is None:
            raise ValidationError({"id_number": _("没有找到这个证件号码的档案，请核对号码")})
        self.merge = merging.propose_merge(actor=self.user, kept=self.person, gone=gone, reason=data["reason"])

    def back(self) -> str:
        merge = getattr(self, "merge", None)
        return reverse("beneficiaries:merge", args=[merge.pk]) if merge else super().back()
