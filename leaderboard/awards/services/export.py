"""What the award's pages show, as tables; and all of a call that one person may see, as one archive."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from evaluator.records import Rate
from leaderboard.accounts.models import User
from leaderboard.audit.services import record
from leaderboard.awards.models import Call, Comment, Declaration, Letter
from leaderboard.awards.selectors.calls import recusal_reasons
from leaderboard.awards.selectors.evidence import Evidence, Known
from leaderboard.awards.selectors.judging import Candidates
from leaderboard.awards.selectors.reviews import locked_reviews
from leaderboard.awards.selectors.standing import Standing, may_discuss, standings
from leaderboard.lib.cells import cell, csv_text

Row = Sequence[str | float | None]


def candidates_table(found: Candidates) -> str:
    """A row per entry and criterion, with the counts the verdict rests on."""
    text = io.StringIO()
    table = csv.writer(text)
    heads = [
        "ranking",
        "model",
        "team",
        "criterion",
        "goal",
        "verdict",
        "why_not",
        "k",
        "n",
        "value",
        "low",
        "high",
        "p",
    ]
    table.writerow(
        [*heads, "finalist", "all_criteria", "p_both", "p_adjusted", "at_new_hospitals", "same_cases", "recused"]
    )
    number = found.snapshot.number if found.snapshot else ""
    for row in found.rows:
        for one in row.judgements:
            names = (cell(row.submission.model), cell(row.submission.team.name))
            about: Row = [number, *names, one.criterion.label, one.criterion.goal]
            rate = one.verdict.rate
            if row.recused:  # what counts for nothing is shown, and gets no verdict
                shown = ["recused", "", rate.k, rate.n, rate.value, rate.low, rate.high]
                table.writerow([*about, *shown, "", "no", "recused", *[""] * 4, cell(row.recused)])
                continue
            table.writerow(
                [
                    *about,
                    one.verdict.verdict,
                    one.verdict.why_not,
                    rate.k,
                    rate.n,
                    rate.value,
                    rate.low,
                    rate.high,
                    one.verdict.p,
                    "yes" if row.named else "no",
                    row.verdict or "unranked",
                    row.p,
                    row.finalist.p_adjusted if row.finalist else "",
                    row.elsewhere,
                    one.same_cases.word,
                    "",
                ]
            )
    return text.getvalue()


def evidence_table(found: Candidates, rows: Iterable[Known]) -> str:
    """A row per entry and fact."""
    number = found.snapshot.number if found.snapshot else None
    heads: Row = ["ranking", "model", "team", "fact", "value", "low", "high", "k", "n", "words"]
    lines: list[Row] = [heads]
    for one in rows:
        submission = one.row.submission
        lines += [[number, submission.model, submission.team.name, *fact] for fact in facts(one.evidence)]
    return csv_text(lines)


def facts(known: Evidence) -> Iterator[Row]:
    yield of_rate("sensitivity, at most 2 cm", known.small)
    for at in known.at:
        yield of_rate(f"PPV at prevalence {at.value:g}", at.ppv)
        yield of_rate(f"false alarms per 1,000 at prevalence {at.value:g}", at.alarms)
    worst = known.worst_score or {}
    yield [
        "transfer score at the worst hospital",
        *(worst.get(name) for name in ("value", "low", "high")),
        None,
        None,
        known.worst_hospital,
    ]
    yield of_rate("sensitivity at the worst hospital", known.worst_found)
    yield of_rate("specificity at the worst hospital", known.worst_cleared)
    for label, rate in known.lead_times:
        yield [
            f"sensitivity {label} diagnosis",
            *(rate.get(name) for name in ("value", "low", "high", "k", "n", "method")),
        ]
    yield ["organ", *[None] * 5, "; ".join([known.organ, *known.other_organs])]
    yield ["declared training hospitals", *[None] * 3, len(known.trained_on), None, "; ".join(known.trained_on)]
    overlap = known.overlap
    yield ["cohorts looked through for training scans", *[None] * 3, overlap.checked, overlap.cohorts, ""]
    yield ["scans surely in a training set", *[None] * 3, overlap.surely, None, ""]
    yield ["scans that look alike", *[None] * 3, overlap.maybe, None, ""]
    yield ["submissions used", *[None] * 3, known.used, None, ""]


def of_rate(name: str, rate: Rate) -> Row:
    return [name, rate.value, rate.low, rate.high, rate.k, rate.n, rate.method]


@transaction.atomic
def call_archive(*, call: Call, by: User) -> bytes:
    """Letters by digest, declarations, locked reviews, the discussion and decisions: of letters this person may see."""
    letters = list(call.letters.select_related("team", "decision__by").prefetch_related("versions"))
    where, recused = standings(by, letters), recusal_reasons(call)
    visible = [one for one in letters if where[one.pk] is Standing.CLEAR and one.withdrawn_at is None]
    discussed = [letter for letter in visible if may_discuss(by, letter)]
    tables: dict[str, list[Row]] = {
        "letters.csv": list(letter_rows(letters, where, recused)),
        "declarations.csv": list(declaration_rows(visible)),
        "reviews.csv": list(review_rows(discussed)),
        "discussion.csv": list(comment_rows(discussed)),
        "decisions.csv": list(decision_rows(discussed)),
    }
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, rows in tables.items():
            archive.writestr(name, csv_text(rows))
    record("call.exported", f"call {call.slug}", by=by.pk, letters=[letter.pk for letter in visible])
    return file.getvalue()


def moment(at: datetime | None) -> str:
    return "" if at is None else f"{at:%Y-%m-%d %H:%M:%S} UTC"


def letter_rows(letters: Iterable[Letter], where: dict[int, Standing], recused: dict[int, str]) -> Iterator[Row]:
    yield [
        "letter",
        "team",
        "organisation",
        "kind",
        "country",
        "region",
        "version",
        "received",
        "sha256",
        "withdrawn",
        "recused",
        "note",
    ]
    for one in letters:
        if where[one.pk] is not Standing.CLEAR:
            yield [one.pk, one.team.name, *[""] * 9, f"Not shown: who asked {where[one.pk].value}."]
            continue
        if one.withdrawn_at is not None:
            yield [one.pk, one.team.name, *[""] * 7, moment(one.withdrawn_at), "", "Not shown: it is withdrawn."]
            continue
        newest = one.versions.all()[0]
        yield [
            one.pk, one.team.name, one.organisation, one.kind, one.country, one.region, newest.number,
            moment(newest.received), newest.sha256, moment(one.withdrawn_at), recused.get(one.pk, ""), "",
        ]  # fmt: skip


def declaration_rows(letters: Iterable[Letter]) -> Iterator[Row]:
    yield ["letter", "team", "person", "conflict", "reason", "at"]
    rows = (
        Declaration.objects.filter(letter__in=letters).select_related("letter__team", "user").order_by("letter", "at")
    )
    for one in rows:
        conflict = "yes" if one.conflict else "no"
        yield [one.letter_id, one.letter.team.name, str(one.user), conflict, one.reason, moment(one.at)]


def review_rows(letters: Iterable[Letter]) -> Iterator[Row]:
    names = ("importance", "importance_why", "rigour", "rigour_why", "expertise", "expertise_why", "comments")
    yield ["letter", "team", "reviewer", "locked", *names]
    for letter in letters:
        for one in locked_reviews(letter):
            answers: list[Any] = [one.answers[name] for name in names]
            yield [letter.pk, letter.team.name, str(one.reviewer), moment(one.locked_at), *answers]


def comment_rows(letters: Iterable[Letter]) -> Iterator[Row]:
    yield ["letter", "team", "person", "at", "text"]
    for one in Comment.objects.filter(letter__in=letters).select_related("letter__team", "by").order_by("letter", "at"):
        yield [one.letter_id, one.letter.team.name, str(one.by), moment(one.at), one.text]


def decision_rows(letters: Iterable[Letter]) -> Iterator[Row]:
    yield ["letter", "team", "decision", "reason", "by", "at"]
    for letter in letters:
        decision = getattr(letter, "decision", None)
        if decision is not None:
            yield [
                letter.pk,
                letter.team.name,
                decision.outcome,
                decision.reason,
                str(decision.by),
                moment(decision.at),
            ]
