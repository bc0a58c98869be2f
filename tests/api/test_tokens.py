"""Tokens: fetched with a password, shown once, stored as a hash, revoked."""

from __future__ import annotations

from base64 import b64encode
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.utils import timezone
from knox.models import get_token_model
from rest_framework.test import APIClient

from tests.factories import PASSWORD, UserFactory


@pytest.fixture(autouse=True)
def no_tries_yet() -> None:
    cache.clear()


def basic(username: str, password: str = PASSWORD) -> str:
    return "Basic " + b64encode(f"{username}:{password}".encode()).decode()


def made(user: Any, **body: Any) -> Any:
    return APIClient().post(
        "/api/tokens", body, format="json", HTTP_AUTHORIZATION=basic(user.username)
    )


def status_with(token: str) -> int:
    answer = APIClient().get("/api/organizations", HTTP_AUTHORIZATION=f"Token {token}")
    return int(answer.status_code)


def test_a_password_fetches_a_token_that_works_and_is_stored_as_a_hash_only(db: None) -> None:
    answer = made(UserFactory())
    assert answer.status_code == 201, answer.content
    token = answer.json()["token"]
    assert status_with(token) == 200
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM knox_authtoken")
        assert token not in str(cursor.fetchall())


def test_a_token_lives_as_long_as_was_asked_and_no_longer(db: None) -> None:
    user = UserFactory()
    token = made(user, expires_in_days=2).json()["token"]
    stored = get_token_model().objects.get()
    assert timedelta(days=1.9) < stored.expiry - timezone.now() <= timedelta(days=2)
    get_token_model().objects.update(expiry=timezone.now() - timedelta(seconds=1))
    assert status_with(token) == 401


@pytest.mark.parametrize("days", [0, 366, "soon"])
def test_a_senseless_lifetime_is_refused(db: None, days: Any) -> None:
    answer = made(UserFactory(), expires_in_days=days)
    assert answer.status_code == 400
    assert list(answer.json()["fields"]) == ["expires_in_days"]
    assert not get_token_model().objects.exists()


def test_tokens_are_listed_without_what_makes_them_work_and_only_ones_own(db: None) -> None:
    user = UserFactory()
    token = made(user).json()["token"]
    made(UserFactory())
    browser = Client()
    browser.force_login(user)
    listed = browser.get("/api/tokens")
    assert [t["id"] for t in listed.json()] == [token[: len(listed.json()[0]["id"])]]
    assert token not in listed.content.decode()


def test_a_revoked_token_opens_nothing_and_only_its_owner_can_revoke_it(db: None) -> None:
    user, other = UserFactory(), UserFactory()
    body = made(user).json()
    address = f"/api/tokens/{body['id']}"
    denied = APIClient().delete(address, HTTP_AUTHORIZATION=basic(other.username))
    assert (denied.status_code, denied.json()["code"]) == (404, "not_found")
    assert status_with(body["token"]) == 200
    revoked = APIClient().delete(address, HTTP_AUTHORIZATION=basic(user.username))
    assert revoked.status_code == 204
    assert status_with(body["token"]) == 401


def test_a_token_cannot_make_another(db: None) -> None:
    token = made(UserFactory()).json()["token"]
    answer = APIClient().post("/api/tokens", {}, HTTP_AUTHORIZATION=f"Token {token}")
    assert answer.status_code == 401
    assert get_token_model().objects.count() == 1


def test_a_session_makes_a_token_only_with_the_csrf_token(db: None) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(UserFactory())
    assert browser.post("/api/tokens", {}, content_type="application/json").status_code == 403
    assert not get_token_model().objects.exists()


@pytest.mark.parametrize("token", [b"\xff\xfe", b"a\x00b", b"x" * 500, b"", b"a b"])
def test_nonsense_instead_of_a_token_is_refused(db: None, token: bytes) -> None:
    header = b"Token " + token
    answer = APIClient().get("/api/organizations", HTTP_AUTHORIZATION=header.decode("latin-1"))
    assert (answer.status_code, answer.json()["code"]) == (401, "authentication_failed")


def test_a_wrong_password_is_refused_and_guessing_is_slowed_down(db: None) -> None:
    user, other = UserFactory(), UserFactory()
    for _ in range(10):
        answer = APIClient().get("/api/tokens", HTTP_AUTHORIZATION=basic(user.username, "guess"))
        assert answer.status_code == 401
    answer = APIClient().get("/api/tokens", HTTP_AUTHORIZATION=basic(user.username.upper()))
    assert (answer.status_code, answer.json()["code"]) == (429, "throttled")
    assert int(answer["Retry-After"]) > 0
    unhurt = APIClient().get("/api/tokens", HTTP_AUTHORIZATION=basic(other.username))
    assert unhurt.status_code == 200


def test_a_name_no_database_could_hold_is_refused(db: None) -> None:
    answer = APIClient().get("/api/tokens", HTTP_AUTHORIZATION=basic("a\x00b"))
    assert answer.status_code == 401


def test_an_account_that_was_closed_is_refused(db: None) -> None:
    user = UserFactory()
    token = made(user).json()["token"]
    user.is_active = False
    user.save()
    assert status_with(token) == 401
    assert made(user).status_code == 401
