"""Every address of the site, as every role and as nobody: what the table of roles grants, and nothing else.

A view says what it is for by `view.act` (accounts.doors); a view without one fails here, and so does an address whose
arguments nobody has given an example for (`tests/url_examples.py`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import SESSION_KEY
from django.db import transaction
from django.test import override_settings
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from accounts.access import GRANTS, Act
from accounts.models import User
from accounts.vocabulary import Role
from tests import url_examples
from tests.factories import make_regions, make_users

# Redirects and refusals of method are answers of a view that let the caller in.
LET_IN = {200, 204, 302, 400, 405, 422}
# What anyone may call may also refuse by its own rule; /readyz says that no worker runs here.
PUBLIC = LET_IN | {401, 403, 503}


@dataclass(frozen=True)
class Address:
    """One URL of the resolver: its name, the view and the names of its arguments."""

    name: str
    view: Any
    arguments: tuple[str, ...]

    @property
    def act(self) -> Act | None:
        return self.view.act


def _addresses(resolver: URLResolver, namespaces: tuple[str, ...] = ()) -> list[Address]:
    found = []
    for one in resolver.url_patterns:
        if isinstance(one, URLResolver):
            if one.app_name != "admin":
                found += _addresses(one, (*namespaces, one.namespace) if one.namespace else namespaces)
        elif isinstance(one, URLPattern):
            name = ":".join((*namespaces, one.name or "?"))
            found.append(Address(name, one.callback, tuple(one.pattern.converters)))
    return found


ADDRESSES = _addresses(get_resolver())
WITH_OBJECT = [one for one in ADDRESSES if one.arguments]


def _id(one: Address) -> str:
    return one.name


@pytest.mark.parametrize("address", ADDRESSES, ids=_id)
def test_every_view_says_what_it_is_for(address):
    assert "?" not in address.name, "an address without a name"
    assert hasattr(address.view, "act"), f"{address.name}: use @requires, ActView or @public (accounts.doors)"


@pytest.mark.parametrize("address", WITH_OBJECT, ids=_id)
def test_every_argument_has_an_example(address):
    assert url_examples.knows(address.name, address.arguments), (
        f"{address.name}: give an example for {address.arguments} in tests/url_examples.py"
    )


@dataclass(frozen=True)
class World:
    users: dict[Role, User]
    places: Any
    files: Path


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker, tmp_path_factory) -> Iterator[World]:
    """A user per role and, for every address with arguments, an example object of their region and one of another.

    Made once: hundreds of objects take seconds. Each test works in a transaction of its own inside this one.
    """
    files = tmp_path_factory.mktemp("walk")
    quick = override_settings(MEDIA_ROOT=files, PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"])
    around = transaction.atomic()
    around._from_testcase = True  # what must not be part of another transaction may be inside this one
    with django_db_blocker.unblock(), quick, around:
        make_regions()
        users, places = make_users(), url_examples.make()
        for address in WITH_OBJECT:
            for foreign in (False, True):
                places.arguments(address.name, address.arguments, foreign)
        yield World(users, places, files)
        transaction.set_rollback(True)


@pytest.fixture
def users(world, db):
    return world.users


@pytest.fixture
def places(world, db, settings):
    settings.MEDIA_ROOT = world.files
    return world.places


def _url(address: Address, places: Any, foreign: bool = False) -> str:
    return reverse(address.name, kwargs=places.arguments(address.name, address.arguments, foreign))


def _is_strict(policy: str) -> bool:
    return "default-src 'self'" in policy and "unsafe" not in policy and "http" not in policy


@pytest.mark.parametrize("method", ["get", "post"])
def test_nobody_sees_only_what_is_public(client, places, method):
    for address in ADDRESSES:
        response = getattr(client, method)(_url(address, places))
        assert _is_strict(response.headers.get("Content-Security-Policy", "")), address.name
        if address.act is None:
            assert response.status_code in PUBLIC, address.name
        else:
            assert response.status_code == 302, address.name
            assert response.headers["Location"].startswith("/login/"), address.name


@pytest.mark.parametrize("role", Role)
def test_a_role_gets_exactly_what_it_is_granted(client, users, places, role):
    client.raise_request_exception = False
    client.force_login(users[role])
    wrong = {}
    for address in ADDRESSES:
        if address.act is None:
            continue
        response = client.get(_url(address, places))
        status = response.status_code
        if not _is_strict(response.headers.get("Content-Security-Policy", "")):
            wrong[f"{address.name} policy"] = response.headers.get("Content-Security-Policy")
        if address.act not in GRANTS[role]:
            expected = {403}
        elif address.name in places.narrow and role not in places.narrow[address.name]:
            expected = {404}  # the act is granted, the object is of another department or the like
        else:
            expected = LET_IN if role != Role.CLERK else LET_IN | {404}  # the clerk sees one township
        if status not in expected:
            wrong[address.name] = status
    assert not wrong


@pytest.mark.parametrize("role", Role)
def test_a_role_posts_only_what_it_is_granted(client, users, places, role):
    """An empty form never breaks a page, and without the act it is refused before it is read."""
    client.raise_request_exception = False
    wrong = {}
    for address in ADDRESSES:
        if address.act is None:
            continue
        if SESSION_KEY not in client.session:  # one of them ends the session
            client.force_login(users[role])
        status = client.post(_url(address, places)).status_code
        if (status == 403) == (address.act in GRANTS[role]) or status >= 500:
            wrong[address.name] = status
    assert not wrong


@pytest.mark.parametrize("role", Role)
def test_objects_of_another_region_are_not_there(client, users, places, role):
    client.raise_request_exception = False
    client.force_login(users[role])
    wrong = {}
    for address in WITH_OBJECT:
        if address.act is None or address.act not in GRANTS[role] or address.name in places.everywhere:
            continue
        for method in ("get", "post"):
            status = getattr(client, method)(_url(address, places, foreign=True)).status_code
            if status not in (404, 405):
                wrong[f"{method} {address.name}"] = status
    assert not wrong


@pytest.mark.parametrize("role", [None, *Role])
def test_the_admin_opens_to_administrator_and_reviewer_alone(client, users, role):
    if role:
        client.force_login(users[role])
    if role == Role.ADMINISTRATOR:
        User.objects.filter(pk=users[role].pk).update(is_staff=True)
    response = client.get("/admin/", follow=True)
    end = response.request["PATH_INFO"]
    inside = dict.fromkeys((Role.ADMINISTRATOR, Role.REVIEWER), (200, "/admin/"))
    expected = (inside | {None: (200, "/login/")}).get(role, (403, "/admin/login/"))
    assert (response.status_code, end) == expected
