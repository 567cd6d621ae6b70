"""T-Sen by size and location, counted by hand, and what must be hidden with a small cell."""

from evaluator.records import CohortResult
from evaluator.report import make_report
from evaluator.statistics.outcomes import answers
from evaluator.statistics.size_location import ANYWHERE, lesion_rates
from tests.evaluator.statistics.by_hand import cohort, lesion, negative, positive, results

CASES = (
    positive("a", 0.9, lesion(1, mm=8, hit=True, at="head"), lesion(2, mm=30, at="tail")),
    positive("b", 0.9, lesion(1, mm=15, at="head")),
    positive("c", 0.9, lesion(1, mm=15, hit=True)),
    negative("n"),
)


def test_a_lesion_counts_at_its_place_and_size() -> None:
    (found,) = answers([results("m", cohort("A", *CASES))], threshold=0.5).values()
    rates = lesion_rates([one for one in found.patients if one.lesions])
    counts = {place: {size: (rate.k, rate.n) for size, rate in sizes.items()} for place, sizes in rates.items()}
    assert list(counts) == [ANYWHERE, "head", "tail"]
    assert counts["head"] == {
        "all": (1, 2),
        "le10": (1, 1),
        "gt10_le20": (0, 1),
        "gt20_le40": (0, 0),
        "gt40": (0, 0),
        "le20": (1, 2),
    }
    assert counts["tail"]["all"] == (0, 1)
    assert counts[ANYWHERE]["all"] == (2, 4)  # the one of unknown place too


def test_with_a_small_cell_one_more_is_hidden_in_every_sum_it_is_in() -> None:
    def hospital(name: str, *, small_in_tail: int) -> CohortResult:
        cases = [positive(f"h{n}", 0.9, lesion(1, mm=15, hit=True, at="head")) for n in range(20)]
        cases += [positive(f"s{n}", 0.9, lesion(1, mm=8, hit=True, at="tail")) for n in range(small_in_tail)]
        cases += [positive(f"t{n}", 0.9, lesion(1, mm=30, hit=True, at="tail")) for n in range(12)]
        cases += [negative(f"n{n}") for n in range(20)]
        return cohort(name, *cases)

    given = [results("m", hospital("A", small_in_tail=3), hospital("B", small_in_tail=14))]
    (model,) = make_report(given, prevalences=[0.04], public_minimum=10).models
    at_a, whole = model.hospitals["A"].by_location_and_size, model.overall.by_location_and_size
    assert at_a["tail"]["le10"].n is None  # three patients
    assert at_a["tail"]["all"].n is None or at_a["tail"]["gt20_le40"].n is None  # 15 − 12 = 3
    # 17 − 14 = 3 over hospitals
    assert whole["tail"]["le10"].n is None or model.hospitals["B"].by_location_and_size["tail"]["le10"].n is None
    assert model.hospitals["A"].by_location["tail"] == at_a["tail"]["all"]
    everything = make_report(given, prevalences=[0.04]).models[0]
    assert everything.hospitals["A"].by_location_and_size["tail"]["le10"].n == 3
