"""Answers as columns: a ranking of what was packed is the ranking of the results, number for number."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import msgspec
import numpy as np

from evaluator.errors import FailureClass
from evaluator.ranking import Entry, admit_entries, entry_of, pack, rank_admitted, rank_results, read_patients, unpack
from evaluator.report import make_report, report_both
from evaluator.results import Results, to_builtins
from tests.evaluator.statistics.by_hand import cohort, counted, failed, negative, positive, results


class Store:
    """Documents by number; the same document has the same number."""

    def __init__(self) -> None:
        self.kept: list[bytes] = []

    def keep(self, content: bytes) -> str:
        if content not in self.kept:
            self.kept.append(content)
        return str(self.kept.index(content))

    def unpacked(self, name: str) -> Entry:
        @cache
        def patients(of: str) -> tuple:  # type: ignore[type-arg]
            return read_patients(self.kept[int(of)])

        return unpack(self.kept[int(name)], patients=patients)


def found() -> list[Results]:
    """Three submissions at two hospitals; one names the patients of A in another order, one failed on a case."""
    at_a, at_b = (counted(name, found=19, cancers=20, cleared=20, healthy=20) for name in "AB")
    worse = counted("B", found=8, cancers=20, cleared=12, healthy=20)
    turned = replace(at_a, cases=at_a.cases[::-1])
    stopped = replace(at_b, cases=(failed(at_b.cases[0]), *at_b.cases[1:]))
    return [results("one", at_a, at_b), results("two", turned, worse), results("three", at_a, stopped)]


def test_a_ranking_of_packed_answers_is_the_ranking_of_the_results() -> None:
    store = Store()
    entries = [store.unpacked(pack(entry_of([one]), keep=store.keep)) for one in found()]
    admission = admit_entries(entries, panel_minimum=3, weight=1.0)
    expected = rank_results(found(), panel_minimum=3, replicates=200, seed=1)
    assert rank_admitted(admission, replicates=200, seed=1) == expected
    assert len({model.score for model in expected.models}) == 3


def test_everything_of_an_entry_comes_back() -> None:
    hospital = cohort(
        "A",
        positive("p1", 0.9),
        failed(positive("p2", 0.1)),
        failed(negative("n1", 0.2), FailureClass.PLATFORM_ERROR),
        negative("n2", 0.25),
    )
    store = Store()
    packed = entry_of([results("m", hospital, trained_on=("B",), submitted="2026-01-01")])
    entry = store.unpacked(pack(packed, keep=store.keep))
    assert (entry.model, entry.trained_on, entry.submitted) == ("m", ("B",), "2026-01-01")
    mine, was = entry.hospitals["A"], packed.hospitals["A"]
    assert mine.patients == was.patients
    assert [case.patient for case in mine.waiting] == ["n1"]
    assert (mine.failed, mine.bare, mine.version) == (1, False, was.version)
    np.testing.assert_array_equal(mine.correct, [True, False, True])
    np.testing.assert_array_equal(mine.likelihood, [0.9, -np.inf, 0.25])
    np.testing.assert_array_equal(mine.size_mm, was.size_mm)
    assert np.isnan(mine.size_mm[2])


def test_a_cohorts_patients_are_kept_once() -> None:
    store = Store()
    for one in found():
        pack(entry_of([one]), keep=store.keep)
    lists = [content for content in store.kept if content[:1] == b"["]
    assert len(lists) == 2  # as they come, and turned; in both hospitals patients have the same names here
    assert {len(msgspec.json.decode(content)) for content in lists} == {40}


def test_both_reports_are_those_of_one_submission_alone() -> None:
    files = found()[2:]
    both = report_both(files, prevalences=[0.01], public_minimum=10, curves_seed=1)
    shown = make_report(files, prevalences=[0.01], public_minimum=10, curves_seed=1, hospital_curves=False)
    assert to_builtins(both.shown) == to_builtins(shown.models[0])
    assert to_builtins(both.detailed) == to_builtins(make_report(files, prevalences=[0.01]).models[0])
    assert both.shown.overall.curves is not None
