"""The API for partners, `/api/v1/`: addresses of the rooms' views, the OpenAPI document and a page that shows it."""

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import path
from django.utils.translation import gettext as _
from drf_spectacular.generators import SchemaGenerator

from accounts.doors import public
from claims.api import views as claims
from exchange.partner_api import deliveries
from exchange.partner_api.door import Missing
from monitoring.answering import api as answering
from monitoring.books import api as books

METHODS = ("get", "post", "put", "patch", "delete")
calls = [
    path("persons/status", claims.Status.as_view(), name="person_status"),
    path("claims/preview", claims.Preview.as_view(), name="claim_preview"),
    path("claims", claims.Claims.as_view(), name="claims"),
    path("claims/<uuid:number>", claims.OneClaim.as_view(), name="claim"),
    path("deliveries", deliveries.Deliveries.as_view(), name="deliveries"),
    path("deliveries/<uuid:pk>", deliveries.OneDelivery.as_view(), name="delivery"),
    path("deliveries/<uuid:pk>/acknowledge", deliveries.Acknowledge.as_view(), name="delivery_acknowledge"),
    path("books", books.Books.as_view(), name="books"),
    path("feedback", answering.Answers.as_view(), name="feedback"),
    path("feedback/<int:pk>", answering.OneAnswers.as_view(), name="one_feedback"),
]


def document() -> dict[str, Any]:
    """The OpenAPI document of the calls above."""
    from django.urls import include

    generator = SchemaGenerator(patterns=[path("api/v1/", include((calls, "api")))])
    return generator.get_schema(request=None, public=True)


@public
def openapi(request: HttpRequest) -> HttpResponse:
    """The document as a partner's program reads it."""
    return JsonResponse(document(), json_dumps_params={"ensure_ascii": False})


@public
def index(request: HttpRequest) -> HttpResponse:
    """The same for people, without a script: every call with its fields and answers."""
    told = document()
    shown = [
        _shown(address, method.upper(), operation, told["components"]["schemas"])
        for address, item in told["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    ]
    return render(request, "api/index.html", {"title": _("接口说明"), "info": told["info"], "calls": shown})


def _shown(address: str, method: str, operation: dict[str, Any], schemas: dict[str, Any]) -> dict[str, Any]:
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    answers = [
        {"code": code, "fields": _fields(next(iter(answer.get("content", {}).values()), {}).get("schema", {}), schemas)}
        for code, answer in operation["responses"].items()
    ]
    return {
        "id": operation["operationId"],
        "method": method,
        "address": address,
        "summary": operation.get("summary", ""),
        "text": operation.get("description", ""),
        "parameters": [one for one in operation.get("parameters", []) if one["in"] != "path"],
        "fields": _fields(body, schemas),
        "good": [one for one in answers if one["code"].startswith("2")],
        "bad": [one["code"] for one in answers if not one["code"].startswith("2")],
    }


def _fields(schema: dict[str, Any], schemas: dict[str, Any]) -> list[dict[str, Any]]:
    """Name, type, whether needed and the values allowed, of an object's fields."""
    found = schemas.get(schema.get("$ref", "").rpartition("/")[2], schema)
    needed = found.get("required", [])
    return [
        {"name": name, "needed": name in needed, "type": _type(one, schemas), "text": one.get("description", "")}
        for name, one in found.get("properties", {}).items()
    ]


def _type(one: dict[str, Any], schemas: dict[str, Any]) -> str:
    for part in (one, *one.get("allOf", []), *one.get("oneOf", [])):
        name = part.get("$ref", "").rpartition("/")[2]
        found = schemas.get(name, part)
        if found.get("enum"):
            return " | ".join(str(value) for value in found["enum"])
        if found.get("type") == "array":
            return f"[{_type(found.get('items', {}), schemas)}]"
        if name:
            return name
    return str(one.get("format") or one.get("type") or "")


app_name = "api"
urlpatterns = [
    path("", index, name="index"),
    path("openapi.json", openapi, name="openapi"),
    *calls,
    path("<path:anything>", Missing.as_view(), name="missing"),
]
