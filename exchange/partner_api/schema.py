"""What the OpenAPI document says of every operation: refusals as problem+json, the headers of a write."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers

from exchange.partner_api.door import PROBLEM, KeyAuthentication


class KeyScheme(OpenApiAuthenticationExtension):
    target_class = KeyAuthentication
    name = "key"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        return {"type": "http", "scheme": "bearer", "description": "tuodi_…"}


class FieldProblem(serializers.Serializer):
    field = serializers.CharField(allow_blank=True)
    message = serializers.CharField()


class Problem(serializers.Serializer):
    """RFC 9457."""

    type = serializers.CharField()
    title = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.CharField()
    detail = serializers.CharField(allow_blank=True)
    errors = FieldProblem(many=True)


LANGUAGE = OpenApiParameter(
    "Accept-Language",
    str,
    OpenApiParameter.HEADER,
    description="zh-CN（默认）或 en：错误说明的语言",
    enum=["zh-CN", "en"],
)
IDEMPOTENCY = OpenApiParameter(
    "Idempotency-Key",
    {"type": "string", "minLength": 1, "maxLength": 64, "pattern": "^[!-~]+$"},
    OpenApiParameter.HEADER,
    required=True,
    description="同一笔重发时用同一个：内容相同得到第一次的应答，内容不同被拒绝（422）",
)
REFUSALS = (400, 401, 403, 404, 429)


def operation(
    *,
    operation_id: str,
    summary: str,
    description: str,
    answers: dict[int, Any],
    request: Any = None,
    write: bool = False,
    refusals: tuple[int, ...] = (),
    parameters: tuple[Any, ...] = (),
) -> Any:
    """`extend_schema` with the refusals that every operation knows, and those of its own."""
    known = {*REFUSALS, *refusals, *((415, 422) if request is not None else ())}
    told = {(code, PROBLEM): OpenApiResponse(Problem, "problem+json") for code in sorted(known)}
    return extend_schema(
        operation_id=operation_id,
        summary=summary,
        description=description,
        request={"application/json": request} if request is not None else None,
        responses={**{(code, "application/json"): answer for code, answer in answers.items()}, **told},
        parameters=[LANGUAGE, *([IDEMPOTENCY] if write else []), *parameters],
    )
