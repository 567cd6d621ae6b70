"""Version 1 of the REST interface. Its description is served beside it, as OpenAPI and as a page."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from django.core.exceptions import ObjectDoesNotExist, PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe
from ninja import NinjaAPI, Router, Status
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.openapi.schema import OpenAPISchema

from leaderboard.accounts.limits import consume
from leaderboard.accounts.models import User
from leaderboard.accounts.selectors import teams_of
from leaderboard.api import shown, uploads_description
from leaderboard.api.description import DESCRIPTION
from leaderboard.api.schemas import (
    BenchmarkOut,
    FaultOut,
    PersonOut,
    RefusalOut,
    SubmissionIn,
    SubmissionLine,
    SubmissionOut,
)
from leaderboard.api.who import Scope, may
from leaderboard.audit.services import seen
from leaderboard.benchmarks.selectors import benchmarks_for, get_benchmark_for
from leaderboard.evaluations.services import evaluation_cancel
from leaderboard.hospitals.models import Hospital
from leaderboard.lib.errors import Fault, Refusal
from leaderboard.submissions.models import Upload
from leaderboard.submissions.selectors import get_model_of, get_submission_for, submissions_for
from leaderboard.submissions.services import submission_create, submission_release, submission_withdraw

router = Router()
REFUSED = {400: RefusalOut, 401: RefusalOut, 403: RefusalOut, 404: RefusalOut, 422: RefusalOut, 429: RefusalOut}


def person_of(request: HttpRequest) -> User:
    return cast("User", request.user)


@router.get("/me", summary="Who you are", response={200: PersonOut, **REFUSED}, auth=may(Scope.READ))
def me(request: HttpRequest) -> PersonOut:
    """Who you are, and your teams."""
    return shown.person(person_of(request))


@router.get("/benchmarks", summary="Benchmarks", response={200: list[BenchmarkOut], **REFUSED}, auth=may(Scope.READ))
def benchmarks(request: HttpRequest) -> list[BenchmarkOut]:
    """What may be handed in for, and how often yet this month."""
    return [shown.benchmark(found, person_of(request)) for found in benchmarks_for(request.user)]


@router.get(
    "/submissions",
    summary="Your teams’ submissions",
    response={200: list[SubmissionLine], **REFUSED},
    auth=may(Scope.READ),
)
def submissions(request: HttpRequest) -> list[SubmissionLine]:
    """Your teams' submissions, newest first."""
    return [shown.line(found) for found in submissions_for(request.user)]


@router.get(
    "/submissions/{pk}", summary="One submission", response={200: SubmissionOut, **REFUSED}, auth=may(Scope.READ)
)
def submission(request: HttpRequest, pk: UUID) -> SubmissionOut:
    """One submission: its checks, its try-out, and where it stands at each hospital."""
    found = get_submission_for(request.user, pk)
    seen(f"submission {found.pk}", by=person_of(request).pk)
    return shown.submission(found, person_of(request))


def upload_of(user: User, pk: UUID) -> Upload:
    found = Upload.objects.filter(pk=pk, by=user, expires__gt=timezone.now()).first()
    if found is None:
        raise Refusal("There is no such upload of yours.", next_step="Upload the archive, then hand it in.")
    return found


@router.post("/submissions", summary="Hand in", response={201: SubmissionOut, **REFUSED}, auth=may(Scope.SUBMIT))
def hand_in(request: HttpRequest, given: SubmissionIn) -> Status[SubmissionOut]:
    """Hand an uploaded archive in. Where this is refused, the upload is kept, and can be handed in again."""
    user = person_of(request)
    consume(request, "upload")
    hospitals = {one.slug: one for one in Hospital.objects.filter(slug__in=given.trained_on)}
    if unknown := sorted(set(given.trained_on) - set(hospitals)):
        names = ", ".join(Hospital.objects.order_by("slug").values_list("slug", flat=True)[:20])
        raise Refusal(f"There is no hospital {unknown[0]!r}.", next_step=f"Those that there are: {names}.")
    team = teams_of(user).filter(slug=given.team).first()
    if team is None:
        raise Refusal(f"You are in no team {given.team!r}.", next_step="GET /me names yours.")
    upload = upload_of(user, given.upload)
    if given.weights == given.upload:
        raise Refusal("The image and its weights are one upload.", next_step="Upload the weights by themselves.")
    weights = upload_of(user, given.weights) if given.weights else None
    benchmark = get_benchmark_for(user, given.benchmark)
    found = submission_create(
        team=team,
        benchmark=benchmark,
        model=given.model,
        archive=upload,
        weights=weights,
        contract=given.contract,
        threshold=given.threshold,
        declared_prevalence=given.declared_prevalence,
        trained_on=list(hospitals.values()),
        public=given.public,
        follows=get_model_of(team, benchmark, given.version_of) if given.version_of else None,
        terms=given.terms,
        by=user,
    )
    return Status(201, shown.submission(found, user))


@router.post(
    "/submissions/{pk}/cancel",
    summary="Cancel its runs",
    response={200: SubmissionOut, **REFUSED},
    auth=may(Scope.SUBMIT),
)
def cancel(request: HttpRequest, pk: UUID) -> SubmissionOut:
    """Stop its runs. What hospitals have answered stays."""
    found = get_submission_for(request.user, pk)
    try:
        evaluation_cancel(evaluation=found.evaluation, by=person_of(request))
    except ObjectDoesNotExist as error:
        raise Refusal("Nothing of it runs yet.", next_step="Withdraw it to stop its check.") from error
    return shown.submission(found, person_of(request))


@router.post(
    "/submissions/{pk}/release",
    summary="Publish its numbers",
    response={200: SubmissionOut, **REFUSED},
    auth=may(Scope.SUBMIT),
)
def release(request: HttpRequest, pk: UUID) -> SubmissionOut:
    """Publish the numbers of one that was handed in to be kept private."""
    found = submission_release(submission=get_submission_for(request.user, pk), by=person_of(request))
    return shown.submission(found, person_of(request))


@router.post(
    "/submissions/{pk}/withdraw",
    summary="Withdraw it",
    response={200: SubmissionOut, **REFUSED},
    auth=may(Scope.SUBMIT),
)
def withdraw(request: HttpRequest, pk: UUID) -> SubmissionOut:
    """Take it back. Rankings published before keep their entry."""
    found = submission_withdraw(submission=get_submission_for(request.user, pk), by=person_of(request))
    return shown.submission(found, person_of(request))


class Interface(NinjaAPI):
    """With the uploads beside django-ninja's own views."""

    def get_openapi_schema(self, **given: Any) -> OpenAPISchema:  # their names are django-ninja's matter
        found = super().get_openapi_schema(**given)
        found["paths"] |= uploads_description.PATHS
        found["components"]["securitySchemes"] |= uploads_description.SCHEMES
        return found


api = Interface(
    title="Cancer Imaging Leaderboard",
    version="1",
    docs_decorator=require_safe,
    description=DESCRIPTION,
)
api.add_router("", router)


def said(request: HttpRequest, refusal: Refusal, status: int) -> HttpResponse:
    faults = [FaultOut(what=one.what, where=one.where, why=one.why, next_step=one.next_step) for one in refusal.faults]
    told = RefusalOut(what=refusal.what, why=refusal.why, next_step=refusal.next_step, faults=faults)
    return api.create_response(request, told, status=status)


@api.exception_handler(Refusal)
def refused(request: HttpRequest, refusal: Refusal) -> HttpResponse:
    return said(request, refusal, refusal.status)


@api.exception_handler(ValidationError)
def wrong(request: HttpRequest, error: ValidationError) -> HttpResponse:
    faults = [Fault(what=one["msg"], where=".".join(map(str, one["loc"][1:]))) for one in error.errors]
    return said(request, Refusal("The request is not as described.", next_step="See /api/v1/docs.", faults=faults), 422)


@api.exception_handler(AuthenticationError)
def nobody(request: HttpRequest, _error: AuthenticationError) -> HttpResponse:
    why = "There is no token in the request, or it was taken back, is too old, or was not copied completely."
    return said(request, Refusal("Who asks?", why=why, next_step="Make a token under Profile."), 401)


@api.exception_handler(PermissionDenied)
def forbidden(request: HttpRequest, error: PermissionDenied) -> HttpResponse:
    return said(request, Refusal(str(error) or "This is not for you."), 403)


@api.exception_handler(Http404)
def missing(request: HttpRequest, error: Http404) -> HttpResponse:
    return said(request, Refusal(str(error) or "There is no such thing."), 404)


@api.exception_handler(HttpError)
def other(request: HttpRequest, error: HttpError) -> HttpResponse:
    return said(request, Refusal(str(error)), error.status_code)
