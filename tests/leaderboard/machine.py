"""A hospital's own machine as the platform meets it: it signs reports, and finds orders in its queue."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from django.utils import timezone
from kombu import Exchange, Queue

from evaluator import wire
from evaluator.cohort import read_cohort
from evaluator.container.limits import Limits
from evaluator.errors import FailureClass
from evaluator.pipeline import run_cohort
from evaluator.results import SCHEMA, Results
from evaluator.scoring import DEFAULT_HIT_RULE, SCORER
from leaderboard.celery import app
from leaderboard.evaluations.services import report_take
from leaderboard.hospitals.models import Enrolment, Hospital
from leaderboard.hospitals.services import platform_key
from leaderboard.lib.broker_admin import work_queue
from tests.leaderboard.stage import Stage


class Machine:
    """Enrolled and joined; its cohort lies in the folder that the stage wrote."""

    def __init__(self, hospital: Hospital, **presence: Any) -> None:
        self.hospital, self.key, self.serial = hospital, wire.PrivateKey.new(), 0
        self.enrolment = Enrolment.objects.create(
            hospital=hospital, public_key=self.key.public.text, joined_at=timezone.now()
        )
        self._queue = Queue(work_queue(hospital.slug), Exchange(work_queue(hospital.slug)), work_queue(hospital.slug))
        with app.connection_for_write() as connection:
            self._queue(connection.default_channel).declare()
            self._queue(connection.default_channel).purge()
        if presence.pop("silent", False):
            return
        self.present(**presence)

    def seal(self, report: wire.Report) -> bytes:
        self.serial += 1
        return wire.seal(report, hospital=self.hospital.slug, serial=self.serial, key=self.key)

    def say(self, report: wire.Report) -> bytes:
        data = self.seal(report)
        report_take(slug=self.hospital.slug, data=data)
        return data

    def present(self, **facts: Any) -> None:
        self.say(wire.Presence(version="1", engine="docker 20.10", fit=True, **facts))

    def orders(self) -> list[wire.Order]:
        """What came since it last looked."""
        found = []
        with app.connection_for_read() as connection:
            queue = self._queue(connection.default_channel)
            while message := queue.get(no_ack=True):
                [text] = message.payload[0]
                opened = wire.open_order(text.encode(), hospital=self.hospital.slug, key=platform_key().public)
                found.append(opened.message)
        return found

    def order(self) -> wire.RunOrder:
        [found] = self.run_orders()
        return found

    def run_orders(self) -> list[wire.RunOrder]:
        return [order for order in self.orders() if isinstance(order, wire.RunOrder)]

    def progress(self, order: wire.RunOrder, stage: wire.Stage = wire.Stage.RUNNING, **facts: Any) -> None:
        self.say(wire.Progress(run=order.run, lease=order.lease, stage=stage, **facts))

    def results(self, order: wire.RunOrder, stage: Stage, folder: Path, **options: Any) -> Results:
        """What it gets when it runs the submission on its cohort."""
        cohort = read_cohort(folder)
        result = run_cohort(
            engine=stage.engine,
            image=order.submission.image,
            cohort=cohort,
            contract=order.submission.contract,
            limits=Limits(),
            state=folder.parent / f"state-{self.hospital.slug}",
            rng=np.random.default_rng(1),
            **options,
        )
        return Results(
            schema=SCHEMA, scorer=SCORER, hit_rule=DEFAULT_HIT_RULE, submission=order.submission, cohorts=(result,)
        )

    def done(self, order: wire.RunOrder, results: Results) -> bytes:
        return self.say(wire.Done(run=order.run, lease=order.lease, results=results))

    def failed(self, order: wire.RunOrder, failure: FailureClass) -> None:
        self.say(wire.Failed(run=order.run, lease=order.lease, failure=failure, reason="It did not go."))


def changed(results: Results, number: int, **changes: Any) -> Results:
    """The results with something else said of one case."""
    [cohort] = results.cohorts
    cases = list(cohort.cases)
    cases[number] = replace(cases[number], **changes)
    return replace(results, cohorts=(replace(cohort, cases=tuple(cases)),))
