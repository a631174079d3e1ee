"""Forms of what is done to one person; the checks are the services'."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.forms import DateInput, RegionField
from accounts.models import Level, User
from accounts.vocabulary import CERTIFIES, Category, Department
from beneficiaries.diseases.models import Register
from beneficiaries.forms import RELATIONS
from beneficiaries.models import Document

RELATION_CHOICES = [("", _("未填")), *((word, word) for word in RELATIONS)]


def _day(label: Any, required: bool = True, help_text: Any = "") -> forms.DateField:
    return forms.DateField(label=label, required=required, widget=DateInput(), help_text=help_text)


class Reasoned(forms.Form):
    """A form of an act: `user` acts, the reason stands in the trail."""

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        self.user = user
        super().__init__(*args, **kwargs)
        self.fields["reason"] = forms.CharField(
            label=_("理由"), max_length=200, help_text=_("记入变更记录，例如：本人持身份证来窗口更正。")
        )


class EditForm(Reasoned):
    name = forms.CharField(label=_("姓名"), max_length=80, help_text=_("少数民族姓名的间隔号写作“·”。"))
    pinyin = forms.CharField(
        label=_("拼音"),
        max_length=300,
        required=False,
        help_text=_("音节之间用空格隔开，用于查找；姓氏读音不同时在这里改，留空按常用读音。"),
    )
    region = RegionField(label=_("所在地区"))
    address = forms.CharField(label=_("住址"), max_length=200, required=False)
    phone = forms.CharField(label=_("联系电话"), max_length=30, required=False)
    no_phone = forms.BooleanField(label=_("删除现有电话"), required=False)
    rural = forms.BooleanField(label=_("农村居民"), required=False)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, user=user, **kwargs)
        self.fields["region"].of(user, Level.VILLAGE)  # type: ignore[attr-defined]


class DocumentForm(Reasoned):
    kind = forms.ChoiceField(label=_("证件类型"), choices=[("", _("请选择")), *Document.Kind.choices])
    number = forms.CharField(
        label=_("证件号码"),
        max_length=30,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text=_("15位的第一代身份证号码会换成18位保存，两种写法都能查到。"),
    )
    note = forms.CharField(label=_("说明"), max_length=100, required=False)
    main = forms.BooleanField(
        label=_("作为主证件"), required=False, help_text=_("部门名单和费用按主证件报送；原主证件保留为其他证件。")
    )


class ReasonOnly(Reasoned):
    """Nothing is asked but why."""


class DeathForm(Reasoned):
    day = _day(_("死亡日期"))
    source = forms.CharField(
        label=_("信息来源"), max_length=100, help_text=_("例如：死亡医学证明、火化证明、公安注销户口、家属申报。")
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, user=user, **kwargs)
        self.fields["reason"].required = False


class BankForm(Reasoned):
    bank_name = forms.CharField(label=_("开户银行"), max_length=80, required=False, help_text=_("写到支行或营业所。"))
    account = forms.CharField(
        label=_("银行账号"),
        max_length=40,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "inputmode": "numeric"}),
        help_text=_("加密保存；留空则删除账号。"),
    )


class SpellForm(Reasoned):
    """A certification on paper; the department follows from the category."""

    category = forms.ChoiceField(label=_("人员类别"), choices=[("", _("请选择")), *Category.choices])
    department = forms.ChoiceField(
        label=_("认定部门"),
        choices=[("", _("请选择")), *((code, Department(code).label) for code in CERTIFIES)],
    )
    valid_from = _day(_("认定日期"))
    valid_to = _day(_("退出日期"), required=False, help_text=_("最后一天；仍在册的留空。"))
    evidence = forms.CharField(label=_("认定依据"), max_length=120, help_text=_("认定文书的名称或文号。"))

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, user=user, **kwargs)
        self.fields["reason"].required = False
        self.fields["reason"].help_text = _("有退出日期时为退出原因。")


class CorrectForm(Reasoned):
    category = forms.ChoiceField(label=_("人员类别"), choices=Category.choices)
    valid_from = _day(_("认定日期"))
    valid_to = _day(_("退出日期"), required=False, help_text=_("最后一天；仍在册的留空。"))
    evidence = forms.CharField(label=_("认定依据"), max_length=120, required=False)

    def __init__(self, *args: Any, user: User, department: str, **kwargs: Any) -> None:
        super().__init__(*args, user=user, **kwargs)
        own = CERTIFIES.get(department, ())
        self.fields["category"].choices = [(code, Category(code).label) for code in own]  # type: ignore[attr-defined]


class EndForm(Reasoned):
    last_day = _day(_("退出日期"), help_text=_("最后一天；次日起不再享受。"))


class DiseaseForm(forms.Form):
    register = forms.ChoiceField(label=_("登记种类"), choices=[("", _("请选择")), *Register.choices])
    code = forms.CharField(label=_("病种编码"), max_length=20, required=False, help_text=_("医保病种编码，例如 I10。"))
    name = forms.CharField(label=_("病种名称"), max_length=80)
    institution = forms.CharField(label=_("认定机构"), max_length=80, required=False)
    valid_from = _day(_("登记日期"))
    valid_to = _day(_("终止日期"), required=False, help_text=_("长期有效的留空。"))
    source = forms.CharField(label=_("依据"), max_length=120, help_text=_("例如：诊断证明编号、认定名单文号。"))

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        self.user = user
        super().__init__(*args, **kwargs)


class MergeForm(Reasoned):
    id_number = forms.CharField(
        label=_("另一份档案的证件号码"),
        max_length=30,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
        help_text=_("那份档案将并入当前档案；其证件号码保留为其他证件，今后按哪个号码都能查到。"),
    )


class MemberForm(Reasoned):
    number = forms.CharField(
        label=_("转入户编号"), max_length=40, required=False, help_text=_("留空则为此人单独立户，自动编号。")
    )
    relation = forms.ChoiceField(label=_("与户主关系"), required=False, choices=RELATION_CHOICES)


class JoinForm(Reasoned):
    number = forms.CharField(label=_("并入本户的户编号"), max_length=40, help_text=_("那一户的全部成员转入本户。"))


class SplitForm(Reasoned):
    """Which members go, and who heads them."""

    members = forms.MultipleChoiceField(label=_("分出去的成员"), widget=forms.CheckboxSelectMultiple)
    head = forms.ChoiceField(label=_("新户户主"))
    number = forms.CharField(label=_("新户编号"), max_length=40, required=False, help_text=_("留空自动编号。"))

    def __init__(self, *args: Any, user: User, members: list[Any], **kwargs: Any) -> None:
        super().__init__(*args, user=user, **kwargs)
        choices = [(str(one.pk), f"{one.name}（{one.relation or _('未填')}）") for one in members]
        self.fields["members"].choices = choices  # type: ignore[attr-defined]
        self.fields["head"].choices = [("", _("请选择")), *choices]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        found["members"] = [int(key) for key in found.get("members", [])]
        found["head"] = int(found.get("head") or 0)
        return found


class RelationsForm(Reasoned):
    """How each member is related to the head; one of them is."""

    def __init__(self, *args: Any, user: User, members: list[Any], **kwargs: Any) -> None:
        super().__init__(*args, user=user, **kwargs)
        reason = self.fields.pop("reason")
        for one in members:
            words = dict.fromkeys([*RELATIONS, one.relation])
            self.fields[f"of_{one.pk}"] = forms.ChoiceField(
                label=one.name,
                required=False,
                initial=one.relation,
                choices=[("", _("未填")), *((word, word) for word in words if word)],
            )
        self.fields["reason"] = reason

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        given = {int(name[3:]): value for name, value in found.items() if name.startswith("of_")}
        return {"relations": given, "reason": found.get("reason", "")}
