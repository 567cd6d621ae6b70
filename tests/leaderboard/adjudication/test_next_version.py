"""What was accepted goes into the next version; the frozen one, its rows and its rankings stay as they are."""

from __future__ import annotations

import hashlib
import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from evaluator.cohort import read_cohort, read_draft
from leaderboard.adjudication.models import Decision, Suspect
from leaderboard.adjudication.services import (
    decision_make,
    decision_undo,
    draft_json,
    draft_of,
    next_version_write,
    suspect_show,
)
from leaderboard.audit.models import Record
from leaderboard.hospitals.models import Cohort, Enrolment
from leaderboard.hospitals.services import cohort_import
from leaderboard.lib.errors import Refusal
from tests import factories
from tests.leaderboard.adjudication.conftest import Gallery

pytestmark = [pytest.mark.django_db, pytest.mark.core]


def decided(gallery: Gallery, case: str, verdict: str) -> Suspect:
    suspect = factories.make_suspect(gallery.case(case))
    suspect_show(suspect=suspect, to=gallery.steward)
    decision_make(suspect=suspect, verdict=verdict, by=gallery.steward)
    return suspect


def content(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        digest.update(str(path.relative_to(folder)).encode() + path.read_bytes())
    return digest.hexdigest()


def test_accepted_ones_are_in_the_next_version_and_in_no_frozen_one(gallery: Gallery, tmp_path: Path) -> None:
    accepted = decided(gallery, "case01", Decision.Verdict.ACCEPT)
    decided(gallery, "case02", Decision.Verdict.REJECT)
    factories.make_suspect(gallery.case("case03"))
    frozen = gallery.case().cohort
    before, rows = content(frozen.path), Cohort.objects.filter(pk=frozen.pk).values().get()
    revision = next_version_write(cohort=frozen, folder=tmp_path / "next", version="2", by=gallery.organiser)
    assert [(one.number, one.case, one.outline) for one in revision.added] == [(accepted.pk, "case01", "provisional")]
    following = cohort_import(hospital=gallery.hospital, folder=tmp_path / "next", by=None)
    assert (following.version, following.counts["positive"], following.counts["provisional"]) == ("2", 5, 1)
    assert content(frozen.path) == before
    assert Cohort.objects.filter(pk=frozen.pk).values().get() == rows
    assert read_cohort(frozen.path).fingerprint == frozen.fingerprint
    assert list(gallery.stage.benchmark.cohorts.filter(hospital=gallery.hospital)) == [frozen]
    record = Record.objects.get(act="cohort.next-version-written")
    assert (record.actor, record.details["suspects"]) == (f"user {gallery.organiser.pk}", [accepted.pk])


def test_what_is_disputed_waits(gallery: Gallery) -> None:
    suspect = decided(gallery, "case01", Decision.Verdict.ACCEPT)
    suspect_show(suspect=suspect, to=gallery.organiser)
    decision_make(suspect=suspect, verdict=Decision.Verdict.REJECT, by=gallery.organiser)
    assert draft_of(gallery.case().cohort).additions == ()
    with pytest.raises(Refusal, match="Nothing of Harbour tiny 1 was accepted"):
        next_version_write(cohort=gallery.case().cohort, folder=Path("/nowhere/next"), version="2", by=None)


def test_what_needs_an_edit_must_be_drawn_first(gallery: Gallery, tmp_path: Path) -> None:
    suspect = decided(gallery, "case01", Decision.Verdict.EDIT)
    cohort, said = gallery.case().cohort, StringIO()
    with pytest.raises(CommandError, match="1 lesions must be drawn first"):
        call_command("next_cohort_version", str(cohort.pk), "2", str(tmp_path / "next"), stderr=said)
    assert f"{suspect.pk}.nii.gz" in said.getvalue()
    assert not (tmp_path / "next").exists()


def test_the_command_writes_it_and_says_what_comes_next(gallery: Gallery, tmp_path: Path) -> None:
    decided(gallery, "case01", Decision.Verdict.ACCEPT)
    said = StringIO()
    call_command("next_cohort_version", str(gallery.case().cohort_id), "2", str(tmp_path / "next"), stdout=said)
    assert "1 lesions more, 1 of them provisional" in said.getvalue()
    assert f"import_cohort harbour {tmp_path / 'next'}" in said.getvalue()
    with pytest.raises(CommandError, match="no cohort 99999"):
        call_command("next_cohort_version", "99999", "2", str(tmp_path / "other"))


def test_a_folder_that_was_changed_is_no_base_for_a_next_version(gallery: Gallery, tmp_path: Path) -> None:
    decided(gallery, "case01", Decision.Verdict.ACCEPT)
    cohort = gallery.case().cohort
    (cohort.path / "images/case03/ct.nii.gz").write_bytes(b"another scan")
    with pytest.raises(Refusal) as refused:
        next_version_write(cohort=cohort, folder=tmp_path / "next", version="2", by=None)
    assert refused.value.faults[0].where == "images/case03/ct.nii.gz"


def test_where_scans_stay_at_their_hospital_a_draft_of_numbers_goes_there(gallery: Gallery, tmp_path: Path) -> None:
    suspect = decided(gallery, "case01", Decision.Verdict.EDIT)
    Enrolment.objects.create(hospital=gallery.hospital)
    Cohort.objects.filter(pk=gallery.case().cohort_id).update(folder="")
    cohort = gallery.case().cohort
    with pytest.raises(Refusal, match="lies at its hospital"):
        next_version_write(cohort=cohort, folder=tmp_path / "next", version="2", by=None)
    (tmp_path / "draft.json").write_bytes(draft_json(cohort))
    draft = read_draft(tmp_path / "draft.json")
    assert draft == draft_of(cohort)
    assert json.loads((tmp_path / "draft.json").read_text())["additions"] == [
        {
            "number": suspect.pk,
            "case": "case01",
            "centre_mm": [32.0, 32.0, 12.0],
            "volume_ml": 0.3,
            "must_be_drawn": True,
        }
    ]


def test_who_has_not_decided_yet_is_not_led_by_what_others_took(gallery: Gallery) -> None:
    suspect, cohort = decided(gallery, "case01", Decision.Verdict.ACCEPT), gallery.case().cohort
    page, file = reverse("adjudication:next", args=[cohort.pk]), reverse("adjudication:draft", args=[cohort.pk])
    client = gallery.as_(gallery.organiser)
    assert "Others have taken what you have not decided yet" in client.get(page).content.decode()
    assert client.get(file)["Location"] == page
    assert "case01" in gallery.as_(gallery.steward).get(page).content.decode()
    suspect_show(suspect=suspect, to=gallery.organiser)
    decision_make(suspect=suspect, verdict=Decision.Verdict.ACCEPT, by=gallery.organiser)
    assert "case01" in client.get(page).content.decode()
    assert client.get(file).status_code == 200


def test_who_decides_anew_is_said_to_have_known_the_others_word(gallery: Gallery) -> None:
    suspect = decided(gallery, "case01", Decision.Verdict.ACCEPT)
    queue = reverse("adjudication:queue", args=["harbour"])
    client = gallery.as_(gallery.steward)
    assert "knowing the others’ word" not in client.get(queue).content.decode()
    decision_undo(decision=Decision.objects.get(), by=gallery.steward)
    suspect_show(suspect=suspect, to=gallery.steward)
    decision_make(suspect=suspect, verdict=Decision.Verdict.REJECT, by=gallery.steward)
    assert "again, knowing the others’ word" in client.get(queue).content.decode()
