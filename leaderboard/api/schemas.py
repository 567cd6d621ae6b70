"""What is sent and answered, version 1. Fields are added, never changed."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from uuid import UUID

from ninja import Schema
from pydantic import Field

Name = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00]*$")]


class FaultOut(Schema):
    what: str
    where: str
    why: str
    next_step: str


class RefusalOut(Schema):
    """Why something was not done, for a person to read."""

    what: str
    why: str = ""
    next_step: str = ""
    faults: list[FaultOut] = Field(default_factory=list)


class TeamOut(Schema):
    slug: str
    name: str


class PersonOut(Schema):
    name: str
    teams: list[TeamOut]


class QuotaOut(Schema):
    team: str
    left: int
    allowed: int
    renewed: datetime


class BenchmarkOut(Schema):
    slug: str
    title: str
    question: str
    contracts: list[str]
    hospitals: list[str] = Field(description="What a submission may say it was trained on.")
    quotas: list[QuotaOut]
    terms: int | None = Field(description="The version that who hands in agrees to; read them at /terms/.")


class SubmissionIn(Schema):
    team: Name
    benchmark: Name
    model: Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[^\x00]*$")]
    upload: UUID = Field(description="A whole one, by tus at /api/v1/uploads/.")
    weights: UUID | None = Field(
        default=None, description="Another whole upload: an archive of weights, which become /opt/ml/model."
    )
    contract: Name = "folder"
    threshold: float = Field(default=0.5, ge=0, le=1)
    declared_prevalence: float | None = Field(default=None, gt=0, lt=1)
    trained_on: list[Name] = Field(default_factory=list, description="Slugs of hospitals.")
    public: bool = True
    version_of: str = Field(
        default="",
        max_length=80,
        pattern=r"^[^\x00]*$",
        description="The accepted model of the same team that this is the next version of.",
    )
    terms: int = Field(ge=1, le=2**31 - 1, description="The version of the terms that you have read and agree to.")


class CheckOut(Schema):
    check: str
    ok: bool
    detail: str = ""


class SampleCaseOut(Schema):
    case: str
    cancer: bool
    likelihood: float | None = Field(description="None where there is no answer.")
    lesions: int = Field(description="Of the reference.")
    hit: int = Field(description="Of them, found.")
    findings: int = Field(description="Of the submission, right or wrong.")
    seconds: float | None
    failure: str
    reason: str


class RunOut(Schema):
    hospital: str
    state: str = Field(description="“under way” until its outcome is told of.")
    since: datetime | None = None
    place_in_line: int | None = None
    expected_seconds: int | None = Field(default=None, description="Until it has ended, of one in line; a guess.")
    done_percent: int | None = Field(default=None, description="In quarters.")
    why: str = ""


class SubmissionLine(Schema):
    id: UUID
    team: str
    benchmark: str
    model: str
    state: str
    state_since: datetime
    created: datetime


class SubmissionOut(SubmissionLine):
    evaluation: str | None = Field(
        description="How its runs stand, once it is accepted: done, failed…; none while that is not told."
    )
    page: str
    contract: str
    threshold: float
    public: bool
    archive_sha256: str
    weights_sha256: str = Field(description="Empty where the weights are in the image.")
    image: str
    place_in_line: int | None
    open: bool = Field(description="Something is still to come.")
    told_at: datetime | None = Field(description="When its outcome is told, if that waits for a published time.")
    failure: str
    fault: str
    reason: str
    next_step: str
    checks: list[CheckOut]
    try_out: list[SampleCaseOut] = Field(description="The public sample cases.")
    try_out_log: str
    runs: list[RunOut]
