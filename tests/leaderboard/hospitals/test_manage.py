"""Hospitals as organisers look after them on the site."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from leaderboard.accounts.models import User
from leaderboard.audit.models import Record
from leaderboard.hospitals.models import CohortCheck, CohortOffer, Enrolment, Hospital
from leaderboard.notices.models import Notice
from tests import factories
from tests.tiny_cohorts import write_tiny_cohort

pytestmark = [pytest.mark.django_db, pytest.mark.core]

NEW = {"name": "Northgate", "slug": "northgate", "country": "Sweden", "stewards": ""}


@pytest.fixture
def client(client: Client, organiser: User) -> Client:
    client.force_login(organiser)
    return client


def page(client: Client, name: str, *args: object) -> str:
    return client.get(reverse(name, args=args)).content.decode()


def test_a_hospital_is_added_with_its_people_who_are_told(client: Client, member: User) -> None:
    answer = client.post(reverse("hospitals:new"), NEW | {"stewards": " Member@example.org\n"})
    assert answer["Location"] == reverse("hospitals:manage", args=["northgate"])
    hospital = Hospital.objects.get()
    assert (hospital.name, hospital.country, list(hospital.stewards.all())) == ("Northgate", "Sweden", [member])
    assert "data steward of Northgate" in Notice.objects.get(user=member).text
    assert Record.objects.get(act="hospital.made").details["stewards"] == [member.pk]
    assert "Mira Member" in page(client, "hospitals:list")


def test_what_was_typed_comes_back_with_what_is_wrong(client: Client) -> None:
    factories.HospitalFactory.create(name="Northgate", slug="other")
    answer = client.post(reverse("hospitals:new"), NEW | {"slug": "North Gate", "stewards": "nobody@example.org"})
    text = answer.content.decode()
    assert answer.status_code == 422
    for words in ("with this Name already exists", "North Gate", "Nobody here has the address nobody@example.org"):
        assert words in text
    assert Hospital.objects.count() == 1


def test_the_short_name_stays_and_people_are_taken_out_again(client: Client, member: User) -> None:
    hospital = factories.HospitalFactory.create(slug="northgate", name="North")
    hospital.stewards.add(member)
    client.post(reverse("hospitals:manage", args=["northgate"]), NEW | {"slug": "southgate"})
    hospital.refresh_from_db()
    assert (hospital.slug, hospital.name, hospital.stewards.count()) == ("northgate", "Northgate", 0)


def test_it_is_switched_off_and_on_from_its_own_page(client: Client) -> None:
    hospital = factories.HospitalFactory.create(slug="northgate")
    answer = client.post(reverse("hospitals:switch", args=["northgate"]), {"back": "manage"})
    assert answer["Location"] == reverse("hospitals:manage", args=["northgate"])
    hospital.refresh_from_db()
    assert not hospital.active
    assert "nothing runs there" in page(client, "hospitals:manage", "northgate")


def test_without_rabbitmq_enrolling_says_what_it_takes(client: Client, settings: Settings) -> None:
    settings.BROKER_ADMIN_URL = ""
    factories.HospitalFactory.create(slug="northgate")
    answer = client.post(reverse("hospitals:enrol", args=["northgate"]), follow=True)
    assert "need RabbitMQ" in answer.content.decode()
    assert not Enrolment.objects.exists()


def test_the_page_of_a_hospital_with_a_machine_of_its_own_shows_offers_and_no_import(client: Client) -> None:
    hospital = factories.HospitalFactory.create(slug="northgate")
    Enrolment.objects.create(hospital=hospital, public_key="key", joined_at=timezone.now())
    offer = CohortOffer.objects.create(
        hospital=hospital, name="panel", version="1", fingerprint="sha256:ab", records=[], counts={}
    )
    text = page(client, "hospitals:manage", "northgate")
    assert reverse("hospitals:accept-offer", args=[offer.pk]) in text
    assert reverse("hospitals:import", args=["northgate"]) not in text
    answer = client.post(reverse("hospitals:accept-offer", args=[offer.pk]), {"purpose": "held-out", "back": "manage"})
    assert answer["Location"] == reverse("hospitals:manage", args=["northgate"])
    assert reverse("hospitals:accept-offer", args=[offer.pk]) not in page(client, "hospitals:manage", "northgate")


def test_folders_are_proposed_and_one_that_may_not_be_is_refused_in_words(
    client: Client, settings: Settings, tmp_path: Path
) -> None:
    settings.COHORT_ROOTS = [tmp_path]
    write_tiny_cohort(tmp_path / "north" / "one", cases=2)
    factories.HospitalFactory.create(slug="northgate")
    at = reverse("hospitals:import", args=["northgate"])
    assert f'<option value="{tmp_path / "north" / "one"}">' in client.get(at).content.decode()
    refused = client.post(at, {"folder": "/etc", "purpose": "held-out"})
    assert (refused.status_code, "Move or mount it there" in refused.content.decode()) == (422, True)
    answer = client.post(at, {"folder": str(tmp_path / "north" / "one"), "purpose": "sealed"})
    row = CohortCheck.objects.get()
    assert (answer["Location"], row.purpose) == (reverse("hospitals:check", args=[row.pk]), "sealed")
    assert "waiting for a worker" in page(client, "hospitals:check", row.pk).lower()
    assert 'hx-trigger="every 2s"' in page(client, "hospitals:check-state", row.pk)
