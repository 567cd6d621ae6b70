"""Tokens of programs: made on one's own page, shown once, kept as a digest, taken back."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.urls import reverse

from leaderboard.accounts.models import Token, User
from leaderboard.accounts.tokens import MOST, token_create, token_of
from leaderboard.audit.models import Record
from leaderboard.lib.errors import Refusal

pytestmark = pytest.mark.django_db

PAGE = "/accounts/tokens/"


def test_a_token_is_shown_once_and_only_its_digest_is_kept(client: Client, member: User) -> None:
    client.force_login(member)
    answer = client.post(PAGE, {"name": "build server", "scopes": ["read"], "days": "30"})
    (text,) = re.findall(r"cil_[\w-]{43}", answer.content.decode())
    assert "no-store" in answer["Cache-Control"]
    token = Token.objects.get()
    assert (token.name, token.scopes, (token.expires - token.created).days) == ("build server", ["read"], 29)
    assert text not in str(Token.objects.values().get())
    assert text not in client.get(PAGE).content.decode()
    assert "build server" in client.get(PAGE).content.decode()
    found = token_of(text)
    assert found == token
    assert Token.objects.get().used_at is not None
    assert Record.objects.get(act="token.made").details == {"scopes": ["read"], "days": 30}


def test_only_its_person_takes_it_back(client: Client, member: User, rival: User) -> None:
    text = token_create(user=member, name="build server", scopes=["read"], days=30)
    address = reverse("accounts:token-take-back", args=[Token.objects.get().pk])
    client.force_login(rival)
    assert client.post(address).status_code == 404
    client.force_login(member)
    assert client.post(address).status_code == 302
    assert token_of(text) is None
    assert Record.objects.filter(act="token.taken-back").count() == 1


@pytest.mark.parametrize(
    "wrong", [{"name": ""}, {"scopes": ["everything"]}, {"scopes": []}, {"days": "4000"}, {"days": "x"}]
)
def test_a_wrong_form_makes_none(client: Client, member: User, wrong: dict[str, object]) -> None:
    client.force_login(member)
    given: dict[str, object] = {"name": "build server", "scopes": ["read"], "days": "30"}
    assert client.post(PAGE, given | wrong).status_code == 422
    assert not Token.objects.exists()


def test_nobody_has_a_heap_of_them(member: User) -> None:
    for _ in range(MOST):
        token_create(user=member, name="another", scopes=["read"], days=30)
    with pytest.raises(Refusal, match="You have 20 tokens"):
        token_create(user=member, name="another", scopes=["read"], days=30)
