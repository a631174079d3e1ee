"""What every call goes through: key, scope, limit, language, idempotency, errors as problem+json, the record.

A view of the API derives from `PartnerView`, names its `scope` and answers with `Response`; a write calls
`self.once(request, work)`, which gives the first answer again to the same `Idempotency-Key` and body.
"""

import hashlib
import json
import time
from collections.abc import Callable
from typing import Any, ClassVar

from django.core.cache import cache
from django.db import IntegrityError, transaction
from django.http import Http404
from django.utils import translation
from django.utils.encoding import force_str
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import exceptions, status
from rest_framework.authentication import BaseAuthentication
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import JSONParser
from rest_framework.permissions import BasePermission
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from accounts.audit import acting
from exchange.partner_api.models import ApiCall, ApiKey, IdempotentAnswer
from exchange.partner_api.services import key_of

PROBLEM = "application/problem+json"
LONGEST_KEY = 64


class Refusal(exceptions.APIException):
    """A call that cannot be served; `field` is the faulty one."""

    def __init__(self, status_code: int, code: str, detail: str, field: str = "") -> None:
        self.status_code = status_code
        self.field = field
        super().__init__(detail, code)


class Caller:
    """Who calls, as DRF's `request.user`."""

    is_authenticated = True

    def __init__(self, key: ApiKey) -> None:
        self.key = key
        self.pk = key.pk


class KeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer tuodi_…`."""

    def authenticate(self, request: Request) -> tuple[Caller, ApiKey]:
        kind, _space, text = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        key = key_of(text.strip()) if kind.lower() == "bearer" else None
        if key is None:
            raise exceptions.AuthenticationFailed(_("缺少有效的接口密钥；请核对密钥，或联系当地医保局系统管理员。"))
        return Caller(key), key

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="tuodi"'


class ScopePermission(BasePermission):
    message = gettext_lazy("这个密钥没有这项功能；请联系当地医保局系统管理员。")

    def has_permission(self, request: Request, view: Any) -> bool:
        return isinstance(request.auth, ApiKey) and view.scope in request.auth.scopes


class KeyThrottle(BaseThrottle):
    """So many calls a minute per key, counted in Redis for all processes."""

    def allow_request(self, request: Request, view: Any) -> bool:
        key = request.auth
        if not isinstance(key, ApiKey):
            return True
        name = f"api:{key.pk}:{int(time.time() // 60)}"
        cache.add(name, 0, timeout=120)
        return cache.incr(name) <= key.per_minute

    def wait(self) -> float:
        return 60 - time.time() % 60


class OneLanguageOfData(BaseContentNegotiation):
    """JSON whatever is asked for: an answer in a form that nobody reads helps nobody."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        wanted = (request.content_type or "").partition(";")[0].strip().lower()
        return next((parser for parser in parsers if parser.media_type == wanted), None)

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        return renderers[0], renderers[0].media_type


class PartnerView(APIView):
    """Base of the API's views."""

    act = None  # for the walk over all addresses: the key is the door
    scope: ClassVar[str] = ""
    authentication_classes = (KeyAuthentication,)
    permission_classes = (ScopePermission,)
    throttle_classes = (KeyThrottle,)
    parser_classes = (JSONParser,)
    renderer_classes = (JSONRenderer,)
    content_negotiation_class = OneLanguageOfData
    subject = ""

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Any:
        view = super().as_view(**initkwargs)
        view.act = None
        return view

    @property
    def key(self) -> ApiKey:
        assert isinstance(self.request.auth, ApiKey)  # noqa: S101 - KeyAuthentication has seen to it
        return self.request.auth

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        started = time.monotonic()
        with translation.override(language_of(request.META.get("HTTP_ACCEPT_LANGUAGE", ""))):
            response = super().dispatch(request, *args, **kwargs)
            response.headers["Content-Language"] = translation.get_language() or "zh-hans"
            response.headers["Cache-Control"] = "private, no-store"
            if hasattr(response, "render"):
                response.render()
        auth = getattr(self.request, "auth", None) if not isinstance(self.request, type(request)) else None
        ApiCall.objects.create(
            key=auth if isinstance(auth, ApiKey) else None,
            method=request.method[:8],
            path=request.path[:200],
            status=response.status_code,
            milliseconds=int((time.monotonic() - started) * 1000),
            subject=self.subject[:80],
            address=request.META.get("REMOTE_ADDR") or None,
        )
        return response

    def get_exception_handler(self) -> Any:
        return problem

    def once(self, request: Request, work: Callable[[], tuple[int, dict[str, Any]]]) -> Response:
        """The answer of `work` (status, body), or the first one again. Raises Refusal 400, 422."""
        name = request.META.get("HTTP_IDEMPOTENCY_KEY", "")
        if not 1 <= len(name) <= LONGEST_KEY or not name.isascii() or not name.isprintable():
            text = _("写入须带请求头 Idempotency-Key（1至64个可见字符），同一笔重发时用同一个。")
            raise Refusal(status.HTTP_400_BAD_REQUEST, "idempotency_key", text)
        said = json.dumps(request.data, sort_keys=True, ensure_ascii=False).encode("utf-8", "replace")
        sha256 = hashlib.sha256(b"\0".join([request.method.encode(), request.path.encode(), said])).hexdigest()
        with transaction.atomic(), acting(None, f"api {self.key.prefix}"):
            row, first = self._claimed(name, sha256)
            if not first:
                if row.request_sha256 != sha256:
                    text = _("这个 Idempotency-Key 已用于另一内容的请求；请换一个。")
                    raise Refusal(status.HTTP_422_UNPROCESSABLE_ENTITY, "idempotency_key", text)
                return Response(json.loads(row.body), status=row.status, headers={"Idempotent-Replayed": "true"})
            code, body = work()
            row.status, row.body = code, json.dumps(body, ensure_ascii=False)
            row.save(update_fields=["status", "body"])
        return Response(body, status=code)

    def _claimed(self, name: str, sha256: str) -> tuple[IdempotentAnswer, bool]:
        """The row of the key; a second call with it waits here until the first has ended."""
        try:
            with transaction.atomic():
                made = IdempotentAnswer.objects.create(key=self.key, idempotency_key=name, request_sha256=sha256)
                return made, True
        except IntegrityError:
            return IdempotentAnswer.objects.select_for_update().get(key=self.key, idempotency_key=name), False


class Missing(PartnerView):
    """Addresses that are none, among them numbers that cannot be one: 404 in the shape of every other refusal."""

    permission_classes = ()
    schema = None  # no call: not in the document

    def _none(self, request: Request, **_kwargs: Any) -> Response:
        raise Http404

    get = post = put = patch = delete = _none


def language_of(header: str) -> str:
    """`en` where English is asked for before Chinese, else Chinese."""
    for part in header.lower().split(","):
        code = part.partition(";")[0].strip()
        if code.startswith(("zh", "en")):
            return "en" if code.startswith("en") else "zh-hans"
    return "zh-hans"


# --- errors as problem+json (RFC 9457) ----------------------------------------------------------------------------
def problem(error: Exception, context: dict[str, Any]) -> Response | None:
    """DRF's exception handler: every refusal says what is wrong and what to do, with the faulty fields."""
    if isinstance(error, Http404):
        error = exceptions.NotFound(_("没有找到；请核对编号，或它不属于这个密钥。"))
    if not isinstance(error, exceptions.APIException):
        return None
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": _titles().get(error.status_code, force_str(error.default_detail)),
        "status": error.status_code,
        "code": error.get_codes() if isinstance(error.get_codes(), str) else "invalid",
        "detail": "",
        "errors": [],
    }
    if isinstance(error, exceptions.ValidationError):
        body["errors"] = list(_fields(error.detail))
        body["detail"] = _("请按各字段的说明改正后重发。")
    else:
        body["detail"] = force_str(error.detail)
        if isinstance(error, Refusal) and error.field:
            body["errors"] = [{"field": error.field, "message": body["detail"]}]
    headers = {}
    if getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = error.auth_header
    if getattr(error, "wait", None):
        headers["Retry-After"] = str(int(error.wait))
    from rest_framework.views import set_rollback

    set_rollback()
    return Response(body, status=error.status_code, headers=headers, content_type=PROBLEM)


def _titles() -> dict[int, str]:
    return {
        400: _("请求不正确"),
        401: _("没有有效的密钥"),
        403: _("没有这项功能"),
        404: _("没有找到"),
        405: _("不支持这种方法"),
        409: _("现在不能这样办理"),
        415: _("请用 application/json"),
        422: _("内容不能受理"),
        429: _("调用过于频繁，请稍后再试"),
    }


def _fields(detail: Any, path: str = "") -> Any:
    if isinstance(detail, dict):
        for name, inner in detail.items():
            yield from _fields(inner, f"{path}.{name}" if path else str(name))
    elif isinstance(detail, list):
        for inner in detail:
            yield from _fields(inner, path)
    else:
        yield {"field": path, "message": force_str(detail)}
