"""Accepted images come to the registry that hospitals fetch from, once, whatever failed before."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from leaderboard.submissions.services import submission_push, submissions_reconcile
from tests.leaderboard.stage import Stage

pytestmark = pytest.mark.django_db


def test_an_accepted_image_is_brought_there_and_noted_by_its_manifest(stage: Stage, settings: Settings) -> None:
    settings.REGISTRY_URL = "registry.example.org:5000"
    submission = stage.accept()
    submission_push(pk=submission.pk, engine=stage.engine)
    submission.refresh_from_db()
    assert submission.reference.startswith("submissions@sha256:")
    digest, _ = stage.engine.registry[f"registry.example.org:5000/{submission.reference}"]
    assert digest == submission.image


def test_an_image_that_is_gone_from_the_engine_is_loaded_from_its_archive(stage: Stage, settings: Settings) -> None:
    settings.REGISTRY_URL = "registry.example.org:5000"
    submission = stage.accept()
    stage.engine.images.clear()
    submission_push(pk=submission.pk, engine=stage.engine)
    submission.refresh_from_db()
    assert submission.reference


def test_an_archive_that_is_gone_is_logged_and_tried_again(stage: Stage, settings: Settings) -> None:
    settings.REGISTRY_URL = "registry.example.org:5000"
    submission = stage.accept()
    stage.engine.images.clear()
    submission.archive_path.unlink()
    submission_push(pk=submission.pk, engine=stage.engine)
    submission.refresh_from_db()
    assert not submission.reference
    submissions_reconcile()


def test_without_a_registry_nothing_is_brought(stage: Stage) -> None:
    submission = stage.accept()
    submission_push(pk=submission.pk, engine=stage.engine)
    submission.refresh_from_db()
    assert not submission.reference
