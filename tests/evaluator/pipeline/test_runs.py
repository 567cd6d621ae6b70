"""A submission through a cohort, on the fake engine: who is charged, what counts, what is left behind."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from evaluator.cohort import Cohort
from evaluator.container.fake_engine import FakeBox, FakeEngine
from evaluator.container.limits import Limits
from evaluator.errors import (
    ClassifiedError,
    CohortChanged,
    FailureClass,
    ImageRefused,
    PlatformFault,
)
from evaluator.pipeline import Unwatched, try_out
from evaluator.records import Volume
from evaluator.volumes import read_volume, write_nifti
from tests.evaluator.pipeline.runs import IMAGE, detector, failures, run


def test_every_case_is_scored_in_the_cohorts_order(cohort: Cohort) -> None:
    result = run(detector(), cohort)

    assert [case.case.case for case in result.cases] == [f"case0{number}" for number in range(6)]
    assert [case.likelihood for case in result.cases] == [1, 0, 1, 0, 1, 0]
    assert [[lesion.hit for lesion in case.lesions] for case in result.cases] == [[True], [], [True], [], [True], []]
    assert [case.structures["lesions"].dice for case in result.cases][::2] == [1.0, 1.0, 1.0]
    assert (result.fingerprint, result.containers) == (cohort.fingerprint, 1)
    assert all(case.seconds is not None for case in result.cases)


def test_a_crash_costs_its_case_and_the_rest_runs_in_a_new_container(cohort: Cohort) -> None:
    def crash(box: FakeBox, number: int) -> None:
        if number in (1, 4):
            raise ValueError(number)

    result = run(detector(crash), cohort)

    wrong = FailureClass.EXIT_CODE
    assert failures(result) == [None, wrong, None, None, wrong, None]
    assert [len(case.lesions) for case in result.cases] == [1, 0, 1, 0, 1, 0]
    assert not result.cases[4].lesions[0].hit
    assert result.containers in (2, 3)


def test_the_next_containers_output_is_made_while_one_runs_and_none_is_left(cohort: Cohort) -> None:
    there: list[int] = []

    def look(box: FakeBox, number: int) -> None:
        if number == 0:
            box.sleep(1.5)  # the supervisor looks every second
        there.append(sum(owned.kind == "volume" for owned in engine.owned()))

    engine = FakeEngine({IMAGE: detector(look)})
    result = run(detector(look), cohort, engine=engine, limits=Limits(batch_cases=3))

    assert failures(result) == [None] * 6
    assert max(there) == 2
    assert there[-1] == 1
    assert engine.owned() == ()


def test_after_three_restarts_the_rest_of_the_batch_fails(cohort: Cohort) -> None:
    result = run(lambda box: 3, cohort)

    assert set(failures(result)) == {FailureClass.EXIT_CODE}
    assert result.containers == 4


def test_a_container_that_ends_well_without_its_outputs_is_not_started_again(cohort: Cohort) -> None:
    result = run(lambda box: 0, cohort)

    assert set(failures(result)) == {FailureClass.OUTPUT_MISSING}
    assert result.containers == 1


def test_cases_complete_before_the_time_limit_count(cohort: Cohort) -> None:
    def hang(box: FakeBox, number: int) -> None:
        if number == 2:
            box.sleep(9999)

    result = run(detector(hang), cohort, limits=Limits(case_seconds=0.1, start_seconds=1))

    assert failures(result) == [None, None, FailureClass.TIME_LIMIT, None, None, None]


def test_names_and_order_are_new_in_every_run_and_say_nothing(cohort: Cohort) -> None:
    seen: list[list[str]] = []

    def look(box: FakeBox) -> int:
        seen.append([case["id"] for case in json.loads((box.input / "cases.json").read_text())["cases"]])
        return 0

    for seed in (1, 2):
        run(look, cohort, rng=np.random.default_rng(seed))

    assert len({*seen[0], *seen[1]}) == 12
    assert all(len(name) == 32 and "case" not in name for name in seen[0])


def test_batches_are_as_large_as_the_limits_say_and_restarts_count_in_each(cohort: Cohort) -> None:
    result = run(detector(), cohort, limits=Limits(batch_cases=4))

    assert result.containers == 2
    assert failures(result) == [None] * 6


def test_one_case_a_container_under_grand_challenge(cohort: Cohort) -> None:
    engine = FakeEngine({IMAGE: lambda box: 0})

    result = run(lambda box: 0, cohort, engine=engine, contract="grand-challenge")

    assert result.containers == 6
    assert not any(spec.read_only for spec in engine.started)
    assert {spec.user for spec in engine.started} == {"1000:1000"}
    assert set(failures(result)) == {FailureClass.OUTPUT_MISSING}


@pytest.mark.parametrize("contract", ["folder", "grand-challenge"])
def test_a_layer_is_limited_where_the_doctor_found_that_it_can_and_it_may_be_written(
    cohort: Cohort, contract: str
) -> None:
    engine = FakeEngine({IMAGE: lambda box: 0})
    run(lambda box: 0, cohort, engine=engine, contract=contract)
    assert {spec.cap_layer for spec in engine.started} == {False}
    engine.started.clear()
    engine.caps_layers = True
    run(lambda box: 0, cohort, engine=engine, contract=contract)
    assert {spec.cap_layer for spec in engine.started} == {contract == "grand-challenge"}


def test_a_changed_scan_is_found_before_anything_runs(cohort: Cohort) -> None:
    first, second = cohort.cases[0].ct, cohort.cases[1].ct
    first.write_bytes(second.read_bytes())
    engine = FakeEngine({IMAGE: detector()})

    with pytest.raises(CohortChanged):
        run(detector(), cohort, engine=engine)

    assert engine.started == []


def test_an_engine_that_restarts_is_nobodys_fault_but_ours_and_leaves_nothing(cohort: Cohort) -> None:
    engine = FakeEngine()

    def restart(box: FakeBox, number: int) -> None:
        engine.restart()
        box.sleep(9999)

    engine.programs[IMAGE] = detector(restart)
    engine.images[IMAGE] = FakeEngine({IMAGE: detector()}).images[IMAGE]

    with pytest.raises(PlatformFault):
        run(detector(), cohort, engine=engine)

    state = cohort.path.parent / "state"
    assert engine.owned() == ()
    assert [list((state / part).iterdir()) for part in ("run", "output", "owners")] == [[], [], []]


def test_cancelling_stops_the_run_and_leaves_nothing(cohort: Cohort) -> None:
    class Impatient(Unwatched):
        done = 0

        def case_done(self, done: int, total: int) -> None:
            self.done = done

        def cancelled(self) -> bool:
            return self.done >= 1

    def hang(box: FakeBox, number: int) -> None:
        if any(box.output.iterdir()):
            box.sleep(9999)

    engine = FakeEngine({IMAGE: detector(hang)})

    with pytest.raises(ClassifiedError) as caught:
        run(detector(), cohort, engine=engine, watcher=Impatient())

    assert caught.value.failure is FailureClass.CANCELLED
    assert engine.owned() == ()


def test_the_watcher_hears_of_every_case_in_the_end(cohort: Cohort) -> None:
    class Notes(Unwatched):
        def __init__(self) -> None:
            self.heard: list[tuple[int, int]] = []

        def case_done(self, done: int, total: int) -> None:
            self.heard.append((done, total))

    notes = Notes()
    run(detector(), cohort, watcher=notes)

    assert notes.heard[-1] == (6, 6)
    assert notes.heard == sorted(notes.heard)


def test_hostile_outputs_cost_only_their_own_case(cohort: Cohort) -> None:
    def spoil(box: FakeBox, number: int) -> None:
        if number == 3:
            case = json.loads((box.input / "cases.json").read_text())["cases"][len(list(box.output.iterdir()))]["id"]
            (box.output / case).symlink_to("/etc")
            raise SystemExit(1)

    def program(box: FakeBox) -> int:
        try:
            return detector(spoil)(box)
        except SystemExit:
            return 1

    result = run(program, cohort)

    assert failures(result) == [None, None, None, FailureClass.EXIT_CODE, None, None]


def test_more_findings_than_the_limits_allow_fail_their_case_and_no_other(cohort: Cohort) -> None:
    def program(box: FakeBox) -> int:
        detector()(box)
        first = json.loads((box.input / "cases.json").read_text())["cases"][0]["id"]
        lesions = read_volume(box.output / first / "lesions.nii.gz")
        specks = np.zeros_like(lesions.data)
        specks[:6:2, 0, 0] = 1
        write_nifti(box.output / first / "lesions.nii.gz", Volume(specks, lesions.grid))
        return 0

    result = run(program, cohort, limits=Limits(findings=2))

    (failed,) = [case for case in result.cases if case.failed]
    assert failed.failure is FailureClass.OUTPUT_INVALID
    assert failed.reason == (
        "lesions.nii.gz holds 3 findings. At most 2 are read per case. Remove specks before writing."
    )
    assert [lesion.hit for lesion in failed.lesions] == [False] * (failed.case.cancer)


def test_an_image_with_nothing_to_run_is_refused(cohort: Cohort) -> None:
    engine = FakeEngine({IMAGE: detector()})
    engine.images[IMAGE].config["config"] = {"User": "1000:1000"}

    with pytest.raises(ImageRefused, match="neither ENTRYPOINT nor CMD"):
        run(detector(), cohort, engine=engine)


def test_a_try_out_gives_the_log_and_says_what_to_mend(cohort: Cohort) -> None:
    def program(box: FakeBox) -> int:
        box.print("no weights found")
        return 2

    options: dict[str, Any] = {
        "image": IMAGE,
        "sample": cohort,
        "contract": "folder",
        "limits": Limits(),
        "state": cohort.path.parent / "state",
    }
    bad = try_out(engine=FakeEngine({IMAGE: program}), rng=np.random.default_rng(1), **options)
    good = try_out(engine=FakeEngine({IMAGE: detector()}), rng=np.random.default_rng(1), **options)

    assert (bad.ok, bad.failure) == (False, FailureClass.EXIT_CODE)
    assert "no weights found" in bad.log
    assert "6 of 6 sample cases failed" in bad.reason
    assert (good.ok, good.failure, good.reason) == (True, None, "")
    assert len(good.cases) == 6


def test_folders_of_a_killed_process_are_swept_at_the_next_start(cohort: Cohort) -> None:
    state = cohort.path.parent / "state"
    run(detector(), cohort)
    for part in ("run", "output"):
        (state / part / "orphan").mkdir()
    (state / "owners" / "orphan").write_text("another-boot/pid:[1]/1/1")

    run(detector(), cohort)

    assert [list((state / part).iterdir()) for part in ("run", "output", "owners")] == [[], [], []]
