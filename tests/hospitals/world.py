"""A platform whose panel is three hospitals with machines of their own, all of them at work."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.core.management import call_command
from pytest_django import Settings

from leaderboard.benchmarks.models import Benchmark
from leaderboard.hospitals.models import Cohort, CohortOffer
from tests.engines import certify
from tests.hospitals.central import Central
from tests.hospitals.conftest import Ground
from tests.hospitals.hospital import RemoteHospital
from tests.hospitals.stage import NAMES, People, benchmark_of, people, sample, write_scans

PATIENCE = 180.0


@dataclass(frozen=True, kw_only=True)
class World:
    """``folders`` are the hospitals' cohorts, by slug."""

    platform: Central
    hospitals: tuple[RemoteHospital, ...]
    benchmark: Benchmark
    people: People

    @property
    def folders(self) -> dict[str, Path]:
        return {one.slug: one.cohort for one in self.hospitals}

    def wait_until(self, done: Callable[[], bool], *, seconds: float = PATIENCE) -> None:
        self.platform.worker.wait_until(done, seconds=seconds)


@contextmanager
def open_world(
    ground: Ground,
    platform: Central,
    folder: Path,
    settings: Settings,
    *,
    states: Mapping[str, Path] | None = None,
    environments: Mapping[str, Mapping[str, str]] | None = None,
    zoom: int = 1,
) -> Iterator[World]:
    """Enrolled, joined, their cohorts taken in. ``states`` and ``environments`` are of hospitals that need others."""
    with ExitStack() as ends:
        platform.start()
        hospitals = []
        for (slug, name), cable in zip(NAMES.items(), ground.cables, strict=True):
            place = folder / "hospitals" / slug
            hospital = RemoteHospital(
                slug=slug,
                name=name,
                cable=cable,
                cohort=write_scans(place / "cohort", slug=slug, zoom=zoom),
                state=(states or {}).get(slug, place / "state"),
                log=folder / f"{slug}.log",
                engine=ground.engine.address if cable.number == 1 else "",
                environment=(environments or {}).get(slug, {}),
            )
            ends.callback(hospital.stop)
            if not hospital.engine:  # the first hospital's own engine is looked at by its worker
                certify(hospital.state)
            hospital.join(platform.enrol(slug, name, cable, settings))
            hospitals.append(hospital)
        for hospital in hospitals:
            hospital.wait_until_started()
        platform.worker.wait_until(lambda: CohortOffer.objects.count() == len(hospitals), seconds=PATIENCE)
        for offer in CohortOffer.objects.select_related("hospital"):
            call_command("hospital", "accept", offer.hospital.slug, offer.fingerprint[:16])
        benchmark = benchmark_of(list(Cohort.objects.order_by("hospital__slug")), sample=sample(folder / "sample"))
        yield World(platform=platform, hospitals=tuple(hospitals), benchmark=benchmark, people=people())
