"""Forms of accounts: login, password, people, places, import of regions."""

from typing import Any

from django.contrib.auth.forms import AuthenticationForm, PasswordChangeForm
from django.utils.translation import gettext_lazy as _


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
