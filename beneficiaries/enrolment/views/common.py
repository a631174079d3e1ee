"""What the pages of enrolment share: their tabs, one form that calls a service, the year and region in the address."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.access import Act
from accounts.doors import go
from accounts.forms import add_errors
from accounts.models import ReadRecord, Region, User
from accounts.services import record_read
from beneficiaries.enrolment.errors import EnrolmentError
from beneficiaries.enrolment.selectors import asked_year, default_year


def user_of(request: HttpRequest) -> User:
    assert isinstance(request.user, User)  # noqa: S101 - `requires` has seen to it
    return request.user


def places(user: User, active: str) -> list[dict[str, Any]]:
    """The pages of enrolment as tabs above them."""
    found = [
        ("ledger", _("参保台账")),
        ("cases", _("疑似未参保")),
        ("mismatches", _("缴费疑点")),
        ("trace", _("责任倒查")),
        ("groups", _("临时资助")),
        ("applications", _("资金申请")),
        ("funding", _("资金缺口")),
        ("relay", _("推送税务")),
        ("monasteries", _("寺庙僧尼")),
        ("figures", _("年度参数")),
    ]
    return [{"label": label, "url": reverse(f"enrolment:{name}"), "active": name == active} for name, label in found]


def may_write(request: HttpRequest) -> bool:
    return user_of(request).may(Act.ENROLMENT_WRITE)


def own_region(user: User) -> Region:
    """The user's region."""
    return Region.objects.get(pk=user.region_prefix.ljust(12, "0"))


def chosen(form: forms.Form, user: User) -> tuple[Region, int]:
    """Region and year of a filter: the user's own and this year while none is given."""
    given = getattr(form, "cleaned_data", {})
    return given.get("region") or own_region(user), given.get("year") or default_year()


def asked(request: HttpRequest) -> QueryDict:
    """The address with year and region filled in, so that the form over a report says whose it is."""
    user = user_of(request)
    query = request.POST.copy() if request.method == "POST" else asked_year(request, user)
    query.setdefault("region", user.region_prefix.ljust(12, "0"))
    return query


def exported(request: HttpRequest, subject: str) -> None:
    """Somebody took personal data out: it is on record."""
    record_read(actor=user_of(request), what=ReadRecord.What.EXPORT, subject=subject, request=request)


def try_service(request: HttpRequest, form: forms.Form, call: Callable[[], Any]) -> Any:
    """What the service returns, or None with its errors beside the fields of the form."""
    try:
        return call()
    except (EnrolmentError, PermissionDenied) as error:
        form.add_error(None, str(error))
    except ValidationError as error:
        add_errors(form, error)
    return None


def act_on(request: HttpRequest, call: Callable[[], Any], done: str, to: Any, *args: Any) -> HttpResponse:
    """Calls a service without a form and says what happened, or what stood in the way."""
    try:
        call()
    except (EnrolmentError, PermissionDenied) as error:
        messages.error(request, str(error))
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, done)
    return go(request, to, *args)


def form_page(
    request: HttpRequest, form: forms.Form, *, title: str, label: str, cancel: str, breadcrumb: Any, lead: str = ""
) -> HttpResponse:
    """A page with one form; 422 when something typed is wrong."""
    context = {
        "title": title,
        "form": form,
        "label": label,
        "cancel": cancel,
        "breadcrumb": breadcrumb,
        "lead": lead,
    }
    return render(request, "enrolment/form.html", context, status=422 if form.errors else 200)
