"""Whatever is asked of whichever address: an answer, and nothing left behind."""

from __future__ import annotations

import gc
import logging
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any
from weakref import finalize

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import close_old_connections, transaction
from django.test import Client
from django.urls import get_resolver, reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leaderboard.accounts.models import User
from leaderboard.benchmarks.models import Benchmark
from leaderboard.hospitals.models import Hospital
from leaderboard.submissions.models import Submission
from tests.evaluator.container.archive_builder import Image, tar_of
from tests.leaderboard.test_access import addresses

pytestmark = pytest.mark.django_db

SHORT_SECONDS, LONG_SECONDS = 20.0, 600.0
AT_ONCE = 50  # examples between two looks at the clock
MOST_GROWTH = 48 * 1024**2  # of memory, once everything was asked once
ADDRESSES = dict(addresses(get_resolver().url_patterns))
METHODS = ("get", "post", "head", "put", "patch", "delete", "options")
PARAMETERS = (
    "prevalence", "metric", "stratum", "hospital", "snapshot", "model", "sort", "population", "sensitivity_k",
    "sensitivity_n", "specificity_k", "specificity_n", "first_sensitivity", "first_specificity", "next", "page",
    "format", "team", "benchmark", "contract", "threshold", "declared_prevalence", "trained_on", "public", "email",
    "password", "login", "name", "active", "terms",
)  # fmt: skip
NASTY = (
    "", " ", "0", "-1", "1e999", "nan", "inf", "-inf", "1e-320", "0x10", "١", "9" * 40, "1" * 500, "\x00", "a\x00b",
    "'; DROP TABLE x; --", "<script>alert(1)</script>", "{{ 7*7 }}", "%s%n", "../../etc/passwd", "http://127.0.0.1/",
    "//127.0.0.1", "null", "[]", "{}", "all", "pancreas-ct", "sensitivity", "=1+1", "𝟘", "\u202e", "é" * 200,
    "0.04", "on",
)  # fmt: skip
VALUES = st.sampled_from(NASTY) | st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


def memory() -> int:
    """Without what Django's test client leaves behind: at each request it connects one function to a signal anew, and
    every connection keeps a finaliser for as long as that function lives."""
    for one in gc.get_objects():
        if type(one) is finalize and (alive := one.peek()) and alive[0] is close_old_connections:
            one.detach()
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def files_in(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def until(seconds: float, round_of_examples: Callable[[], None]) -> tuple[int, int]:
    """Rounds until the time is over, and by how much memory grew after the first tenth of it."""
    began, rounds, first = time.monotonic(), 0, 0
    while (spent := time.monotonic() - began) < seconds:
        round_of_examples()
        rounds += 1
        if not first and spent > seconds / 10:
            first = memory()
    return rounds, memory() - first


def run(seconds: float, clients: list[Client], submission: Submission, data: Path) -> tuple[int, int]:
    kinds: dict[str, list[Any]] = {
        "pk": [submission.pk, submission.evaluation.runs.earliest("pk").pk, uuid.UUID(int=0), 2**63, 2**200, 0],
        "slug": [submission.benchmark.slug, Hospital.objects.earliest("pk").slug, "no-such", "a" * 300],
        "number": [1, 0, 2**31, 2**63, 10**40],
    }
    asked = 0
    logging.disable(logging.CRITICAL)  # pytest keeps every record, and each its request

    @settings(max_examples=AT_ONCE, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(
        name=st.sampled_from(sorted(ADDRESSES)),
        method=st.sampled_from(METHODS),
        parameters=st.dictionaries(st.sampled_from(PARAMETERS), st.lists(VALUES, max_size=3), max_size=6),
        keys=st.fixed_dictionaries({key: st.sampled_from(values) for key, values in kinds.items()} | {"rest": VALUES}),
        client=st.sampled_from(clients),
        body=st.none() | st.binary(max_size=300),
        kind=st.sampled_from(["application/json", "multipart/form-data; boundary=x", "text/plain", "", "\x01"]),
        upload=st.none() | st.binary(max_size=2000) | st.just(tar_of(Image().new_docker())),
    )
    def ask(
        name: str,
        method: str,
        parameters: dict[str, list[str]],
        keys: dict[str, Any],
        client: Client,
        body: bytes | None,
        kind: str,
        upload: bytes | None,
    ) -> None:
        nonlocal asked
        wanted = {key: keys.get(key, keys["rest"] or "x") for key in ADDRESSES[name]}
        try:
            address = reverse(name, kwargs=wanted)
        except Exception:  # no such address can be written
            address = f"/{name.replace(':', '/')}/{keys['rest'].replace('/', '')}"
        before = files_in(data)
        one = Client()  # its own: whatever it is told to forget, the next one knows
        one.cookies.update(client.cookies)
        with transaction.atomic():
            send = getattr(one, method)
            if method in ("get", "head"):
                answer = send(address, parameters)
            elif body is not None or method != "post":
                answer = send(address, body or b"", content_type=kind or "application/octet-stream")
            else:
                archive = {} if upload is None else {"archive": SimpleUploadedFile("a\x00/../b.tar", upload)}
                answer = send(address, parameters | archive)
            transaction.set_rollback(True)
        asked += 1
        b"".join(answer)  # of a file, this closes it
        assert answer.status_code < 500, (name, method, address, parameters, answer.status_code)
        if answer.status_code >= 400:
            assert files_in(data) == before

    # It loads 40 MB of a library when it is first asked, and that is no growth: before memory is looked at.
    clients[0].get(reverse("dashboards:leaderboard-parquet", args=[submission.benchmark.slug]))
    try:
        rounds, grown = until(seconds, ask)
    finally:
        logging.disable(logging.NOTSET)
    assert rounds > 1
    return asked, grown


@pytest.fixture
def clients(ranked: Benchmark, member: User, rival: User, organiser: User, funder: User) -> list[Client]:
    found = [Client() for _ in range(5)]  # what a view raises ends the test
    for client, user in zip(found[1:], (member, rival, organiser, funder), strict=True):
        client.force_login(user)
    return found


def shown(record_property: Callable[[str, object], None], asked: int, grown: int, seconds: float) -> None:
    text = f"Fuzz: {asked:,} requests in {seconds:.0f} s, no 5xx; memory grew by {grown / 2**20:.1f} MiB."
    record_property("shown", text)


def test_no_request_is_answered_by_an_error_of_ours(
    clients: list[Client], ranked: Benchmark, data_folder: Path, record_property: Callable[[str, object], None]
) -> None:
    submission = ranked.submissions.get(model="Careful")
    asked, grown = run(SHORT_SECONDS, clients, submission, data_folder)
    assert grown < MOST_GROWTH
    shown(record_property, asked, grown, SHORT_SECONDS)


@pytest.mark.long("fuzz")
def test_ten_minutes_of_requests(
    clients: list[Client], ranked: Benchmark, data_folder: Path, record_property: Callable[[str, object], None]
) -> None:
    submission = ranked.submissions.get(model="Careful")
    asked, grown = run(LONG_SECONDS, clients, submission, data_folder)
    assert grown < MOST_GROWTH
    shown(record_property, asked, grown, LONG_SECONDS)
