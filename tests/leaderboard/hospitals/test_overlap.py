"""A training set's scans in a hospital's cohort: found where they lie, told to its stewards and organisers alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from evaluator import results
from evaluator.cohort import print_folder
from leaderboard.accounts.models import User
from leaderboard.hospitals.models import Cohort, Hospital, OverlapCheck
from leaderboard.hospitals.services import overlap_check
from leaderboard.lib.errors import Refusal
from tests import factories
from tests.leaderboard.stage import Stage

pytestmark = pytest.mark.django_db


@pytest.fixture
def prints(stage: Stage, tmp_path: Path) -> Path:
    """A training set that holds a scan of Harbour's (and, as the tiny cohorts are alike, of Lakeside's)."""
    cohort = Cohort.objects.get(hospital__slug="harbour")
    training = tmp_path / "training"
    training.mkdir()
    (training / "0042.nii.gz").write_bytes((cohort.path / "images" / "case03" / "ct.nii.gz").read_bytes())
    results.write(tmp_path / "prints.json", print_folder(training, name="Public <set>"))
    return tmp_path / "prints.json"


def test_the_case_is_named_with_the_scan_it_is(prints: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("check_overlap", str(prints))
    check = OverlapCheck.objects.get(cohort__hospital__slug="harbour")
    exact = [match for match in check.matches if match["how"] == "same file"]
    assert exact == [{"case": "case03", "scan": "0042.nii.gz", "how": "same file", "agreement": 1.0}]
    assert (check.surely, check.cases, check.scans) == (1, 8, 1)
    assert "1 of 8 cases are in it" in capsys.readouterr().out
    assert not OverlapCheck.objects.filter(cohort__purpose=Cohort.Purpose.SAMPLE).exists()
    call_command("check_overlap", str(prints), "--hospital", "harbour")
    assert OverlapCheck.objects.filter(cohort=check.cohort).count() == 1


def test_its_stewards_and_organisers_are_told_and_nobody_else(
    prints: Path, member: User, organiser: User, client: Client
) -> None:
    call_command("check_overlap", str(prints))
    steward, neighbour = factories.UserFactory.create(), factories.UserFactory.create()
    Hospital.objects.get(slug="harbour").stewards.add(steward)
    Hospital.objects.get(slug="lakeside").stewards.add(neighbour)
    address = reverse("hospitals:overlap", args=["harbour"])
    for user, status in ((steward, 200), (organiser, 200), (neighbour, 404), (member, 404)):
        client.force_login(user)
        response = client.get(address)
        assert response.status_code == status
        assert ("0042.nii.gz" in response.content.decode()) is (status == 200)
    client.force_login(steward)
    page = client.get(address).content.decode()
    assert "Public &lt;set&gt;" in page
    assert "case03" in page


def test_without_a_check_the_page_says_what_to_do(stage: Stage, organiser: User, client: Client) -> None:
    client.force_login(organiser)
    page = client.get(reverse("hospitals:overlap", args=["harbour"])).content.decode()
    assert "Nothing has been looked for yet." in page
    assert address_of("harbour") in client.get(reverse("evaluations:operations")).content.decode()


def address_of(slug: str) -> str:
    return reverse("hospitals:overlap", args=[slug])


def test_a_cohort_that_cannot_be_read_is_named_and_the_others_are_checked(prints: Path) -> None:
    Cohort.objects.filter(hospital__slug="harbour").update(folder="/nowhere")
    with pytest.raises(CommandError, match="Harbour tiny 1: /nowhere is not a folder"):
        call_command("check_overlap", str(prints))
    assert [check.cohort.hospital.slug for check in OverlapCheck.objects.all()] == ["lakeside"]


def test_another_cohort_than_was_frozen_and_a_list_that_is_none_are_refused(prints: Path) -> None:
    cohort = Cohort.objects.get(hospital__slug="harbour")
    other = prints.with_name("other.json")
    other.write_text("{}")
    with pytest.raises(Refusal, match="is not a list of fingerprints"):
        overlap_check(cohort=cohort, prints=other)
    cohort.fingerprint = f"sha256:{0:064x}"
    with pytest.raises(Refusal, match="not the one that was frozen"):
        overlap_check(cohort=cohort, prints=prints)
    with pytest.raises(CommandError, match="no such cohort"):
        call_command("check_overlap", str(prints), "--hospital", "elsewhere")
