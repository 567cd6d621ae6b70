"""The gallery and the queue as pages: who sees what, what is told of it, and what a reader is not told beforehand."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import nibabel as nib
import numpy as np
import pytest
from django.test import Client
from django.urls import reverse

from leaderboard.accounts.models import User
from leaderboard.adjudication.models import Decision, Search, Showing, Suspect
from leaderboard.adjudication.services import search_run
from leaderboard.audit.models import Record
from leaderboard.evaluations.models import CohortResult, Evaluation
from leaderboard.hospitals.models import Case, Cohort, Enrolment
from leaderboard.lib.documents import path_of
from tests import factories
from tests.leaderboard.adjudication.conftest import WOLF, Gallery

pytestmark = [pytest.mark.django_db, pytest.mark.core]


@pytest.fixture
def suspect(gallery: Gallery) -> Suspect:
    factories.make_ranked(gallery.stage.benchmark)
    careful, wolf = (Evaluation.objects.get(submission__model=model) for model in ("Careful", "Wolf"))
    return factories.make_suspect(gallery.case("case01"), [careful, wolf])


def addresses(gallery: Gallery, suspect: Suspect) -> dict[str, str]:
    """Of the first hospital."""
    case, cohort = gallery.case("case00"), gallery.case().cohort_id
    model = Evaluation.objects.get(submission__model="Careful").submission_id
    return {
        "cohort": reverse("adjudication:cohort", args=[cohort]),
        "next": reverse("adjudication:next", args=[cohort]),
        "draft": reverse("adjudication:draft", args=[cohort]),
        "case": reverse("adjudication:case", args=[case.pk]),
        "ct": reverse("adjudication:ct", args=[case.pk]),
        "reference": reverse("adjudication:reference", args=[case.pk]),
        "findings": reverse("adjudication:findings", args=[case.pk]) + f"?model={model}",
        "place": reverse("adjudication:place", args=[suspect.pk]),
        "queue": reverse("adjudication:queue", args=[gallery.hospital.slug]),
    }


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came, all of its body read."""

    status_code: int
    headers: Mapping[str, str]
    body: bytes


def get(client: Client, address: str) -> Answer:
    response = client.get(address)
    return Answer(status_code=response.status_code, headers=response.headers, body=b"".join(response))


def volume(client: Client, address: str) -> Any:
    response = get(client, address)
    assert response.status_code == 200
    return nib.Nifti1Image.from_bytes(gzip.decompress(response.body))


def test_only_the_hospitals_own_stewards_and_organisers_see_anything_of_it_and_every_look_is_told(
    gallery: Gallery, suspect: Suspect, member: User, rival: User, funder: User
) -> None:
    other = factories.UserFactory.create(name="Of another hospital")
    gallery.other.stewards.add(other)
    for name, address in addresses(gallery, suspect).items():
        for user in (gallery.steward, gallery.organiser, member, rival, funder, other):
            before = Record.objects.count()
            status = get(gallery.as_(user), address).status_code
            may = user in (gallery.steward, gallery.organiser)
            assert status == (200 if may else 404), f"{name}: {user}"
            told = Record.objects.filter(number__gt=before)
            assert [(one.act, one.actor) for one in told] == ([("seen", f"user {user.pk}")] if may else []), name
        assert get(Client(), address).status_code == 302, name


def test_the_list_holds_the_hospitals_that_one_may_see(gallery: Gallery, member: User) -> None:
    address = reverse("adjudication:gallery")
    assert gallery.as_(member).get(address).status_code == 403
    own = gallery.as_(gallery.steward).get(address).content.decode()
    every = gallery.as_(gallery.organiser).get(address).content.decode()
    assert ("Harbour" in own, "Lakeside" in own) == (True, False)
    assert ("Harbour" in every, "Lakeside" in every) == (True, True)


def test_a_scan_is_sent_as_it_lies_there_and_may_be_kept_nowhere(gallery: Gallery, suspect: Suspect) -> None:
    case = gallery.case("case00")
    for name, file in (("ct", "images/case00/ct.nii.gz"), ("reference", "references/case00/lesions.nii.gz")):
        response = get(gallery.as_(gallery.steward), reverse(f"adjudication:{name}", args=[case.pk]))
        assert response.body == (case.cohort.path / file).read_bytes()
        assert response.headers["Content-Type"] == "application/gzip"
        assert "Content-Encoding" not in response.headers
        assert response.headers["Content-Length"] == str(len(response.body))
        assert response.headers["Cache-Control"] == "private, no-store"
        assert response.headers["Accept-Ranges"] == "none"
        assert response.headers["X-Content-Type-Options"] == "nosniff"


def test_a_range_is_answered_with_the_whole(gallery: Gallery, suspect: Suspect) -> None:
    case = gallery.case("case00")
    response = gallery.as_(gallery.steward).get(
        reverse("adjudication:ct", args=[case.pk]), headers={"Range": "bytes=0-9"}
    )
    assert response.status_code == 200
    assert b"".join(response) == (case.cohort.path / "images/case00/ct.nii.gz").read_bytes()


def test_what_is_not_there_is_not_found(gallery: Gallery, suspect: Suspect) -> None:
    client = gallery.as_(gallery.steward)
    negative = gallery.case("case01")
    assert get(client, reverse("adjudication:reference", args=[negative.pk])).status_code == 404
    for model in ("", str(uuid4()), "../../etc/passwd"):
        address = reverse("adjudication:findings", args=[negative.pk]) + f"?model={model}"
        assert get(client, address).status_code == 404
    (negative.cohort.path / "images/case01/ct.nii.gz").unlink()
    for name in ("ct", "findings"):
        assert get(client, reverse(f"adjudication:{name}", args=[negative.pk])).status_code == 404
    assert "is not where it was frozen" in client.get(reverse("adjudication:case", args=[negative.pk])).content.decode()


def test_a_link_out_of_the_cohorts_folder_is_not_followed(gallery: Gallery, suspect: Suspect) -> None:
    case = gallery.case("case00")
    secret = case.cohort.path.with_name("secret")
    secret.write_bytes(b"not of this cohort")
    scan = case.cohort.path / "images/case00/ct.nii.gz"
    scan.unlink()
    scan.symlink_to(secret)
    assert get(gallery.as_(gallery.steward), reverse("adjudication:ct", args=[case.pk])).status_code == 404


def test_scans_of_a_hospital_with_a_machine_of_its_own_are_shown_to_nobody(gallery: Gallery, suspect: Suspect) -> None:
    Enrolment.objects.create(hospital=gallery.hospital)
    for folder in (gallery.case().cohort.folder, ""):  # also where the platform still has a copy
        Cohort.objects.filter(pk=gallery.case().cohort_id).update(folder=folder)
        for user in (gallery.steward, gallery.organiser):
            client = gallery.as_(user)
            for name, address in addresses(gallery, suspect).items():
                expected = 404 if name in ("ct", "reference", "findings", "place") else 200
                assert get(client, address).status_code == expected, name
            page = client.get(addresses(gallery, suspect)["case"]).content.decode()
            assert "This scan never leaves Harbour." in page
            assert "<canvas" not in page
    steward = gallery.as_(gallery.steward).get(addresses(gallery, suspect)["queue"]).content.decode()
    organiser = gallery.as_(gallery.organiser).get(addresses(gallery, suspect)["queue"]).content.decode()
    assert "in your own viewer" in steward
    assert "32, 32, 12 mm" in steward
    assert 'value="accept"' in steward
    assert 'value="accept"' not in organiser


def test_findings_lie_on_the_scan_where_they_were_found(agreeing: Gallery) -> None:
    case = agreeing.case("case01")
    model = Evaluation.objects.get(submission__model="Careful").submission_id
    client = agreeing.as_(agreeing.steward)
    drawn = volume(client, reverse("adjudication:findings", args=[case.pk]) + f"?model={model}")
    marked = np.argwhere(np.asarray(drawn.dataobj) > 0)
    centre = nib.affines.apply_affine(drawn.affine, marked).mean(axis=0)
    assert centre == pytest.approx([2 * (side.start + side.stop - 1) / 2 for side in WOLF], abs=0.5)
    page = client.get(reverse("adjudication:case", args=[case.pk]), {"model": str(model)}).content.decode()
    assert 'data-mm="35.00 35.00 17.00"' in page


def test_the_page_of_a_case_lists_findings_with_confidence_size_and_lesion(gallery: Gallery, suspect: Suspect) -> None:
    client = gallery.as_(gallery.steward)
    model = Evaluation.objects.get(submission__model="Careful").submission_id
    page = client.get(reverse("adjudication:case", args=[gallery.case("case00").pk]), {"model": str(model)})
    text = page.content.decode()
    assert "hits 1" in text
    assert "Findings, the surest first" in text
    assert '<script id="viewer-data" type="application/json">' in text
    assert "'unsafe" not in page["Content-Security-Policy"]
    for nonsense in (str(uuid4()), "x"):
        assert (
            client.get(reverse("adjudication:case", args=[gallery.case().pk]), {"model": nonsense}).status_code == 200
        )


def test_a_result_that_is_lost_leaves_the_scan_to_look_at(gallery: Gallery, suspect: Suspect) -> None:
    for row in CohortResult.objects.all():
        path_of(row.document).unlink(missing_ok=True)
    page = gallery.as_(gallery.steward).get(reverse("adjudication:case", args=[gallery.case().pk])).content.decode()
    assert "is not in the data folder" in page
    assert "<canvas" in page


def test_a_submission_that_is_not_public_is_not_offered(gallery: Gallery, suspect: Suspect) -> None:
    careful = Evaluation.objects.get(submission__model="Careful").submission
    careful.public = False
    careful.save()
    page = gallery.as_(gallery.steward).get(reverse("adjudication:case", args=[gallery.case().pk])).content.decode()
    assert "Wolf" in page
    assert "Careful" not in page


def post(client: Client, suspect: Suspect, verdict: str, **given: str) -> str:
    address = reverse("adjudication:decide", args=[suspect.pk])
    return str(client.post(address, {"verdict": verdict, **given}, follow=True).content.decode())


def test_a_reader_is_told_no_model_and_no_other_word_before_deciding(gallery: Gallery, suspect: Suspect) -> None:
    first, second = gallery.as_(gallery.steward), gallery.as_(gallery.organiser)
    queue = reverse("adjudication:queue", args=["harbour"])
    assert "Careful" not in first.get(queue).content.decode()
    after = post(first, suspect, "reject", reason="A vessel")
    assert all(word in after for word in ("Careful", "Wolf", "A vessel", "You have decided everything there is"))
    blind = second.get(queue).content.decode()
    assert not any(word in blind for word in ("Careful", "Wolf", "A vessel", "rejected", "Stig Steward"))
    both = post(second, suspect, "accept")
    assert all(word in both for word in ("disputed", "Stig Steward", "Olga Organiser", "A vessel", "median"))


def test_an_undo_brings_it_back(gallery: Gallery, suspect: Suspect) -> None:
    client = gallery.as_(gallery.steward)
    more = factories.make_suspect(gallery.case("case03"))
    client.get(reverse("adjudication:queue", args=["harbour"]))
    assert "case03" in post(client, suspect, "accept")
    page = client.post(reverse("adjudication:undo", args=["harbour"]), follow=True).content.decode()
    assert reverse("adjudication:decide", args=[suspect.pk]) in page
    assert reverse("adjudication:decide", args=[more.pk]) not in page
    assert Decision.objects.filter(undone_at__isnull=True).count() == 0
    again = client.post(reverse("adjudication:undo", args=["harbour"]), follow=True).content.decode()
    assert "nothing of yours to undo" in again


def test_what_is_refused_says_why_and_shows_it_again(gallery: Gallery, suspect: Suspect) -> None:
    client = gallery.as_(gallery.steward)
    page = post(client, suspect, "accept")
    assert "was not on your screen" in page
    assert Showing.objects.filter(suspect=suspect, by=gallery.steward).exists()  # now it is
    assert Decision.objects.count() == 0


def test_an_empty_queue_says_what_comes_next(gallery: Gallery) -> None:
    client = gallery.as_(gallery.steward)
    queue = reverse("adjudication:queue", args=["harbour"])
    assert "No ranking has been looked through yet" in client.get(queue).content.decode()


def test_an_empty_queue_after_a_search_says_that_there_was_one(gallery: Gallery, suspect: Suspect) -> None:
    Suspect.objects.all().delete()
    search_run(pk=Search.objects.get().pk)
    page = gallery.as_(gallery.steward).get(reverse("adjudication:queue", args=["harbour"])).content.decode()
    assert "No suspect at this hospital" in page


def test_pages_ask_the_same_whatever_there_is(
    gallery: Gallery, suspect: Suspect, django_assert_max_num_queries: Any
) -> None:
    for case in Case.objects.filter(cohort=gallery.case().cohort):
        for _ in range(3):
            factories.make_suspect(case)
    client = gallery.as_(gallery.organiser)
    for name, address in {**addresses(gallery, suspect), "gallery": reverse("adjudication:gallery")}.items():
        get(client, address)
        with django_assert_max_num_queries(26) as queries:
            get(client, address)
        assert len(queries) > 3, name


def test_the_next_version_page_names_what_must_be_drawn(gallery: Gallery, suspect: Suspect) -> None:
    client = gallery.as_(gallery.steward)
    address = reverse("adjudication:next", args=[gallery.case().cohort_id])
    assert "Nothing was accepted yet" in client.get(address).content.decode()
    client.get(reverse("adjudication:queue", args=["harbour"]))
    post(client, suspect, "edit")
    page = client.get(address).content.decode()
    assert f"must be drawn</strong> as <code>{suspect.pk}.nii.gz" in page
    assert "without; becomes one with cancer" in page
    body = get(client, reverse("adjudication:draft", args=[gallery.case().cohort_id]))
    assert body.headers["Content-Disposition"].startswith("attachment")
    assert b"must_be_drawn" in body.body
