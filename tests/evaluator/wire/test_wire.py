"""What two sides say to each other is signed, fits its schema to the letter, and is nobody else's."""

from __future__ import annotations

import math
import stat
from pathlib import Path

import msgspec
import pytest

from evaluator.errors import InputRefused, MessageRefused
from evaluator.records import CaseRecord, CaseResult, CohortResult, SubmissionRecord, TruthSource
from evaluator.results import SCHEMA, Results
from evaluator.wire import (
    Allowed,
    CancelOrder,
    Done,
    Joined,
    PrivateKey,
    Progress,
    PublicKey,
    Report,
    RunOrder,
    Stage,
    kept_key,
    open_order,
    open_report,
    seal,
)

KEY, OTHER = PrivateKey.new(), PrivateKey.new()
ORDER = RunOrder(
    run=7,
    attempt=1,
    lease="9d9e",
    submission=SubmissionRecord(model="m", image="sha256:1"),
    reference="models@sha256:2",
    fingerprint="f",
    allowed=Allowed(memory_bytes=1, case_seconds=300),
)
PROGRESS = Progress(run=7, lease="9d9e", stage=Stage.RUNNING, cases_done=3, cases_total=9)


def results(likelihood: float) -> Results:
    record = CaseRecord(case="c", patient="p", cancer=True, index_scan=True, reference=TruthSource.MASK)
    cohort = CohortResult(
        hospital="North",
        cohort="panel",
        version="1",
        fingerprint="f",
        cases=(CaseResult(case=record, likelihood=likelihood),),
        started="2026-01-01",
        finished="2026-01-01",
    )
    return Results(
        schema=SCHEMA, scorer="s", hit_rule="h", submission=SubmissionRecord(model="m", image="i"), cohorts=(cohort,)
    )


def envelope(data: bytes, **changes: object) -> bytes:
    return msgspec.json.encode(msgspec.json.decode(data) | changes)


def test_an_order_arrives_as_it_was_sent() -> None:
    opened = open_order(seal(ORDER, hospital="north", serial=4, key=KEY), hospital="north", key=KEY.public)
    assert (opened.message, opened.serial) == (ORDER, 4)


def test_a_report_arrives_as_it_was_sent_and_what_is_no_number_as_null() -> None:
    sent: tuple[Report, ...] = (PROGRESS, Done(run=7, lease="9d9e", results=results(0.1 + 0.2)))
    for message in sent:
        data = seal(message, hospital="north", serial=1, key=KEY)
        assert open_report(data, hospital="north", key=KEY.public).message == message
    data = seal(Done(run=7, lease="9d9e", results=results(math.nan)), hospital="north", serial=1, key=KEY)
    read = open_report(data, hospital="north", key=KEY.public).message
    assert isinstance(read, Done)
    assert read.results.cohorts[0].cases[0].likelihood is None


@pytest.mark.parametrize(
    "changes",
    [
        {"serial": 2},
        {"sent": "2026-01-01T00:00:00+00:00"},
        {"signature": OTHER.sign(b"")},
        {"signature": "no base64"},
    ],
)
def test_an_edited_message_is_refused(changes: dict[str, object]) -> None:
    data = envelope(seal(PROGRESS, hospital="north", serial=1, key=KEY), **changes)
    with pytest.raises(MessageRefused, match="not signed"):
        open_report(data, hospital="north", key=KEY.public)


def test_an_edited_body_is_refused() -> None:
    data = seal(PROGRESS, hospital="north", serial=1, key=KEY)
    body = str(msgspec.json.decode(data)["body"]).replace('"cases_done":3', '"cases_done":9')
    with pytest.raises(MessageRefused, match="not signed"):
        open_report(envelope(data, body=body), hospital="north", key=KEY.public)


def test_another_hospitals_message_is_refused_whatever_it_says() -> None:
    data = seal(PROGRESS, hospital="north", serial=1, key=OTHER)
    with pytest.raises(MessageRefused, match="not signed"):
        open_report(data, hospital="north", key=KEY.public)
    data = seal(PROGRESS, hospital="south", serial=1, key=OTHER)
    with pytest.raises(MessageRefused, match="came by the queue"):
        open_report(data, hospital="north", key=KEY.public)


def test_an_order_is_no_report_though_it_is_signed() -> None:
    with pytest.raises(MessageRefused, match="schema"):
        open_report(seal(ORDER, hospital="north", serial=1, key=KEY), hospital="north", key=KEY.public)


def test_what_the_schema_has_no_room_for_is_refused_though_it_is_signed() -> None:
    data = seal(Done(run=7, lease="9d9e", results=results(0.5)), hospital="north", serial=1, key=KEY)
    found = msgspec.json.decode(data)
    body = str(found["body"]).replace('"containers":0', '"containers":0,"scan":"AAAA"')
    assert body != found["body"]
    unsigned = [found[name] for name in ("schema", "hospital", "serial", "sent")]
    signature = KEY.sign(msgspec.json.encode([*unsigned, body]))
    with pytest.raises(MessageRefused, match="a place for"):
        open_report(envelope(data, body=body, signature=signature), hospital="north", key=KEY.public)


def test_a_hospital_without_a_key_can_only_join() -> None:
    joined = Joined(public_key=KEY.public.text, code="1234")
    assert open_report(seal(joined, hospital="north", serial=1, key=KEY), hospital="north", key=None).message == joined
    with pytest.raises(MessageRefused, match="not signed"):
        open_report(seal(joined, hospital="north", serial=1, key=OTHER), hospital="north", key=None)
    with pytest.raises(MessageRefused, match="schema"):
        open_report(seal(PROGRESS, hospital="north", serial=1, key=KEY), hospital="north", key=None)


@pytest.mark.parametrize("data", [b"", b"\xff", b"{}", b"[1]", b'{"schema": 1}'])
def test_anything_else_is_refused_in_a_sentence(data: bytes) -> None:
    with pytest.raises(MessageRefused, match="no envelope"):
        open_order(data, hospital="north", key=KEY.public)


def test_what_does_not_fit_the_schema_does_not_leave() -> None:
    with pytest.raises(MessageRefused, match="does not fit"):
        seal(CancelOrder(run="seven", lease="9d9e", reason=""), hospital="north", serial=1, key=KEY)  # type: ignore[arg-type]


def test_a_key_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "hospital.key"
    made = kept_key(path)
    assert kept_key(path) == made
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert made.text not in repr(made)
    assert [item.name for item in path.parent.iterdir()] == ["hospital.key"]
    assert len(made.public.fingerprint) == len("abcd:" * 8) - 1


def test_half_a_key_is_refused() -> None:
    with pytest.raises(InputRefused, match="not a public key"):
        PublicKey(KEY.public.text[:-8])
