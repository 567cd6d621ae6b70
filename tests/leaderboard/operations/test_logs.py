"""Lines of JSON: what they are about, from whichever room and thread they come; and figures of several processes."""

from __future__ import annotations

import json
import logging
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.db import DatabaseError
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families
from pytest_django import Settings

from leaderboard.evaluations.services import run_execute
from leaderboard.lib import leases
from leaderboard.lib.logs import JsonLines, bound
from tests.leaderboard.stage import Stage

ROOT = Path(__file__).resolve().parents[3]
PROCESSES = 2


@pytest.fixture
def told() -> Iterator[list[dict[str, Any]]]:
    """Every line as it is written, with the ids of that moment."""
    found: list[dict[str, Any]] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            found.append(json.loads(JsonLines().format(record)))

    logger, handler = logging.getLogger("leaderboard"), Keep()
    logger.addHandler(handler)
    yield found
    logger.removeHandler(handler)


def test_a_line_is_one_object_with_time_level_and_message(told: list[dict[str, Any]]) -> None:
    with bound(run=7, hospital="lakeside"):
        broken = ValueError("two\nlines")
        logging.getLogger("leaderboard.somewhere").error("run %s broke", 7, exc_info=broken)
    (line,) = told
    assert line["message"] == "run 7 broke"
    assert (line["level"], line["logger"]) == ("ERROR", "leaderboard.somewhere")
    assert (line["run"], line["hospital"]) == ("7", "lakeside")
    assert line["time"].endswith("+00:00")
    assert "ValueError: two\nlines" in line["exc_info"]


@pytest.mark.django_db
@pytest.mark.core
def test_what_a_run_logs_says_which_run_attempt_evaluation_submission_and_hospital(
    stage: Stage, told: list[dict[str, Any]]
) -> None:
    submission = stage.accept()
    run = stage.runs(submission)[0]
    told.clear()
    run_execute(pk=run.pk, engine=stage.engine)
    done = next(line for line in told if line["message"] == f"run {run.pk} done")
    ids = {"run": str(run.pk), "attempt": "1", "evaluation": str(run.evaluation_id), "submission": str(submission.pk)}
    assert {name: done[name] for name in ids} == ids
    assert done["hospital"] == run.hospital.slug
    cases = list(run.cohort.cases.values_list("case", flat=True))
    assert [line for line in told for case in cases if case in json.dumps(line)] == []


@pytest.mark.django_db(transaction=True)
def test_the_thread_that_renews_a_lease_logs_under_the_same_ids(told: list[dict[str, Any]], settings: Settings) -> None:
    settings.HEARTBEAT_SECONDS = 0.01

    class Broken:
        def filter(self, **_: object) -> Any:
            raise DatabaseError("gone")

    with bound(run=3), leases.kept(Broken(), token=uuid4()):  # type: ignore[arg-type]
        until = time.monotonic() + 10
        while not told and time.monotonic() < until:
            time.sleep(0.01)
    assert told[0]["run"] == "3"


@pytest.mark.django_db
def test_a_request_is_told_by_its_view_never_by_its_path(told: list[dict[str, Any]], settings: Settings) -> None:
    settings.LOG_JSON = True
    answer = Client().get("/accounts/login/link/a-secret-token/")
    told_of = [line for line in told if line["logger"] == "leaderboard.requests"]
    assert [(line["status"], line["request"]) for line in told_of] == [
        (answer.status_code, answer["X-Request-Id"]),
    ]
    assert "a-secret-token" not in json.dumps(told)


def test_several_processes_of_the_site_count_together_and_log_json_only(tmp_path: Path) -> None:
    data = tmp_path / "site"
    environment = os.environ | {
        "LEADERBOARD_DATA": str(data),
        "DATABASE_URL": "",
        "BROKER_URL": "",
        "LOG_JSON": "1",
        "METRICS_FROM": "127.0.0.1",
        "PROMETHEUS_MULTIPROC_DIR": str(tmp_path / "counts"),
    }
    subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, env=environment, check=True)
    with socket.create_server(("127.0.0.1", 0)) as door, (tmp_path / "log").open("wb") as log:
        address = f"http://127.0.0.1:{door.getsockname()[1]}"
        site = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "--config", "docker/gunicorn.py", "--bind", f"fd://{door.fileno()}"],
            cwd=ROOT,
            env=environment,
            pass_fds=[door.fileno()],
            stderr=log,
            stdout=log,
        )
        try:
            asked, until = 0, time.monotonic() + 120
            while asked < 40 or (processes(tmp_path) < PROCESSES and time.monotonic() < until):
                with urllib.request.urlopen(f"{address}/health", timeout=30) as answer:
                    assert answer.status == 200
                asked += 1
            with pytest.raises(urllib.error.HTTPError, match="404"):
                urllib.request.urlopen(f"{address}/no-such-page", timeout=30)
            counts = {counted(address) for _ in range(10)}
        finally:
            site.terminate()
            site.wait(timeout=30)
    assert counts == {(asked, 1.0)}  # whichever process is asked
    assert processes(tmp_path) >= PROCESSES
    written = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert sum(line.get("view") == "operations:live" for line in written) == asked


def processes(folder: Path) -> int:
    """Those that have answered something."""
    return len(list((folder / "counts").glob("histogram_*.db")))


def counted(address: str) -> tuple[float, float]:
    with urllib.request.urlopen(f"{address}/metrics", timeout=30) as answer:
        text = answer.read().decode()
    found = {
        (sample.labels["view"], sample.labels["status"]): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
        if sample.name == "leaderboard_http_seconds_count"
    }
    return found["operations:live", "200"], found["none", "404"]
