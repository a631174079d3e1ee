"""Login, logout, password, language, one's own profile and jobs."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout, update_session_auth_hash
from django.contrib.auth.views import LoginView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render, resolve_url
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts import selectors, services
from accounts.access import Act
from accounts.doors import get_visible, go, public, requires
from accounts.forms import LoginForm, PasswordForm
from accounts.jobs import fail_abandoned
from accounts.lists import Column, ListPage
from accounts.models import Job

LANGUAGE_COOKIE_AGE = 365 * 24 * 3600


class Login(LoginView):
    template_name = "accounts/login.html"
    authentication_form = LoginForm
    redirect_authenticated_user = True
    extra_context = {"title": gettext_lazy("登录")}  # noqa: RUF012 - Django's own attribute

    def form_valid(self, form: Any) -> HttpResponse:
        response = super().form_valid(form)
        _set_language(response, self.request.user.language)
        return response


login = public(sensitive_post_parameters()(Login.as_view()))


@public
@require_POST
def leave(request: HttpRequest) -> HttpResponse:
    logout(request)
    messages.success(request, _("已退出登录"))
    return redirect("accounts:login")


@public
@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Switches the language, for this browser and for the account, and comes back."""
    wanted = request.POST.get("language", "")
    back = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure()):
        back = reverse("home")
    response = redirect(back)
    if wanted in dict(settings.LANGUAGES):
        _set_language(response, wanted)
        if request.user.is_authenticated:
            services.set_language(actor=request.user, language=wanted)
    return response


def _set_language(response: HttpResponse, language: str) -> None:
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=LANGUAGE_COOKIE_AGE,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


@requires(Act.PROFILE)
@sensitive_post_parameters()
@require_http_methods(["GET", "POST"])
def password_change(request: HttpRequest) -> HttpResponse:
    form = PasswordForm(request.user, request.POST or None)
    if form.is_valid():
        user = services.change_password(actor=request.user, password=form.cleaned_data["new_password1"])
        update_session_auth_hash(request, user)
        messages.success(request, _("密码已修改"))
        return redirect("home")
    title = _("修改初始密码") if request.user.must_change_password else _("修改密码")
    return render(request, "accounts/password.html", {"title": title, "form": form})


@requires(Act.PROFILE)
@require_GET
def profile(request: HttpRequest) -> HttpResponse:
    user = request.user
    rows = [
        {"label": _("姓名"), "value": user.name},
        {"label": _("用户名"), "value": user.username, "kind": "mono"},
        {"label": _("机构"), "value": str(user.organisation or "")},
        {"label": _("股室"), "value": user.get_section_display()},
        {"label": _("角色"), "value": "、".join(user.role_labels)},
        {"label": _("可以查看的地区"), "value": str(user.organisation.region) if user.organisation else ""},
        {"label": _("界面语言"), "value": str(dict(settings.LANGUAGES).get(user.language, user.language))},
    ]
    return render(request, "accounts/profile.html", {"title": _("个人资料"), "rows": rows})


class Jobs(ListPage):
    act = Act.PROFILE
    title = gettext_lazy("我的任务")
    columns = (
        Column("title", gettext_lazy("任务"), primary=True),
        Column("get_state_display", gettext_lazy("状态"), kind="badge", tone=lambda job: job.tone),
        Column("step", gettext_lazy("步骤")),
        Column("created_at", gettext_lazy("提交时间"), kind="datetime"),
        Column("elapsed", gettext_lazy("用时"), kind="mono"),
    )
    default_sort = "-id"
    empty = gettext_lazy("还没有后台任务")
    empty_help = gettext_lazy("导入、扫描、推送等较长的工作在后台进行，进度显示在这里。")

    def rows(self, filters: dict[str, Any]) -> Any:
        fail_abandoned(selectors.jobs(self.user))
        return selectors.jobs(self.user)

    def row_url(self, row: Job) -> str:
        return reverse("accounts:job", args=[row.pk])


@requires(Act.PROFILE)
@require_GET
def job(request: HttpRequest, pk: int) -> HttpResponse:
    """The progress of one's own job: the page, or (htmx) its progress box, which goes to the result at the end."""
    one = get_visible(request, Job, pk=pk)
    if not one.ended and fail_abandoned(Job.objects.filter(pk=one.pk)):
        one.refresh_from_db()
    if request.htmx:  # type: ignore[attr-defined]
        if one.state == Job.State.DONE and one.url:
            return go(request, resolve_url(one.url))
        return render(request, "components/progress.html", {"job": one})
    return render(request, "accounts/job.html", {"title": one.title, "job": one})
