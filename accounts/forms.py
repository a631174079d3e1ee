"""Forms of accounts: login, password, people, places, import of regions."""

from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.lists import ListFilter
from accounts.models import Level, Organisation, ReadRecord, Region, User
from accounts.regions import decode
from accounts.selectors import auditable
from accounts.vocabulary import Department, Role, Section


def add_errors(form: forms.BaseForm, error: ValidationError) -> None:
    """What a service refused: beside the field that it names where the form has it, else above the form."""
    told = error.message_dict if hasattr(error, "error_dict") else {NON_FIELD_ERRORS: error.messages}
    for name, texts in told.items():
        form.add_error(name if name in form.fields else None, texts)


class DateInput(forms.DateInput):
    """The browser's own date field, which wants ISO dates whatever the language."""

    input_type = "date"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(format="%Y-%m-%d", **kwargs)


class MonthInput(forms.TextInput):
    """The browser's own month field: `2023-05`."""

    input_type = "month"


class RegionField(forms.ModelChoiceField):
    """A region that the user may see: province to county from a list. Call `of(user)` in the form's `__init__`."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(Region.objects.none(), empty_label=kwargs.pop("empty_label", _("请选择")), **kwargs)

    def of(self, user: User, lowest: int = Level.COUNTY) -> None:
        """Regions of the user down to `lowest` (and the user's own, whatever its level)."""
        self.queryset = user.visible(Region).filter(Q(level__lte=lowest) | Q(pk=user.region_prefix.ljust(12, "0")))

    def label_from_instance(self, region: Region) -> str:
        return f"{'　' * max(0, region.level - 1)}{region.name}"


class LoginForm(AuthenticationForm):
    error_messages = {  # noqa: RUF012 - Django's own attribute
        "invalid_login": _("用户名或密码不正确。请核对大小写；忘记密码请联系系统管理员。连续错误五次将暂停登录。"),
        "inactive": _("账户已停用，请联系系统管理员。"),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].label = _("用户名")
        self.fields["password"].label = _("密码")


class PasswordForm(PasswordChangeForm):
    error_messages = {  # noqa: RUF012 - Django's own attribute
        "password_incorrect": _("原密码不正确，请重新输入。"),
        "password_mismatch": _("两次输入的新密码不一致，请重新输入。"),
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["old_password"].label = _("原密码")
        self.fields["new_password1"].label = _("新密码")
        self.fields["new_password1"].help_text = _("至少10个字符，不能全是数字，不能与姓名或用户名相近。")
        self.fields["new_password2"].label = _("再输入一次新密码")
        self.fields["new_password2"].help_text = ""


class UserForm(forms.Form):
    """Name, organisation, section and roles; the user name only for a new account."""

    username = forms.CharField(
        label=_("用户名"), max_length=60, help_text=_("登录时使用，建议用工号或姓名拼音；建立后不能修改。")
    )
    name = forms.CharField(label=_("姓名"), max_length=40)
    organisation = forms.ModelChoiceField(Organisation.objects.none(), label=_("机构"), empty_label=_("请选择"))
    section = forms.ChoiceField(label=_("股室"), choices=[("", _("不分股室")), *Section.choices], required=False)
    roles = forms.MultipleChoiceField(
        label=_("角色"),
        choices=Role.choices,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("请至少选择一个角色")},
    )

    def __init__(self, *args: Any, actor: User, existing: User | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["organisation"].queryset = actor.visible(Organisation).order_by("name")
        if existing is not None:
            del self.fields["username"]


class OrganisationForm(forms.Form):
    """A department of a region."""

    department = forms.ChoiceField(label=_("部门"), choices=[("", _("请选择")), *Department.choices])
    region = RegionField(label=_("行政区划"))
    name = forms.CharField(label=_("名称"), max_length=80, help_text=_("写全称，例如：科尔沁左翼中旗医疗保障局"))

    def __init__(self, *args: Any, actor: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["region"].of(actor)


class RegionsForm(forms.Form):
    """The list of regions as a file; read again from `content` when it is confirmed."""

    file = forms.FileField(
        label=_("文件"), help_text=_("CSV，第一行为表头：行政区划代码、名称，可加上级代码。代码为12位数字。")
    )

    def clean_file(self) -> str:
        file = self.cleaned_data["file"]
        if file.size > 8 * 1024 * 1024:
            raise forms.ValidationError(_("文件超过8MB，请按地市分开导入。"))
        return decode(file.read())


class ReasonForm(forms.Form):
    """A reason that is asked for before an act."""

    reason = forms.CharField(label=_("理由"), max_length=200, widget=forms.Textarea(attrs={"rows": 2}))


class UserFilter(ListFilter):
    q = forms.CharField(label=_("姓名或用户名"), widget=forms.SearchInput)
    role = forms.ChoiceField(label=_("角色"), choices=[("", _("全部")), *Role.choices])
    region = RegionField(label=_("地区"), empty_label=_("全部"))
    active = forms.ChoiceField(label=_("状态"), choices=[("", _("全部")), ("yes", _("启用")), ("no", _("停用"))])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["region"].of(self.user)


class OrganisationFilter(ListFilter):
    department = forms.ChoiceField(label=_("部门"), choices=[("", _("全部")), *Department.choices])
    region = RegionField(label=_("地区"), empty_label=_("全部"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["region"].of(self.user)


class RegionFilter(ListFilter):
    q = forms.CharField(label=_("名称或代码"), widget=forms.SearchInput)
    level = forms.ChoiceField(label=_("级别"), choices=[("", _("全部")), *Level.choices])
    unnamed = forms.BooleanField(label=_("只看未命名的"))


class DatesFilter(ListFilter):
    q = forms.CharField(label=_("姓名、用户名或对象"), widget=forms.SearchInput)
    first = forms.DateField(label=_("从"), widget=DateInput)
    last = forms.DateField(label=_("到"), widget=DateInput)


class ReadFilter(DatesFilter):
    what = forms.ChoiceField(label=_("行为"), choices=[("", _("全部")), *ReadRecord.What.choices])


class ChangeFilter(DatesFilter):
    model = forms.ChoiceField(label=_("对象种类"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["q"].label = _("用户名或对象编号")
        self.fields["model"].choices = [(m._meta.label_lower, m._meta.verbose_name) for m in auditable()]
