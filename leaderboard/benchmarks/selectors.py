"""Benchmarks that may be seen."""

from __future__ import annotations

from django.db.models import QuerySet
from django.http import Http404

from leaderboard.accounts.selectors import Person, is_organiser
from leaderboard.benchmarks.models import Benchmark, Terms


def benchmarks_for(user: Person) -> QuerySet[Benchmark]:
    """Published benchmarks, and for organisers all of them."""
    return Benchmark.objects.all() if is_organiser(user) else Benchmark.objects.filter(published=True)


def get_benchmark_for(user: Person, slug: str) -> Benchmark:
    benchmark = benchmarks_for(user).filter(slug=slug).first()
    if benchmark is None:
        raise Http404("No such benchmark.")
    return benchmark


def main_benchmark() -> Benchmark | None:
    """The one the home page is about: the first that was published."""
    return Benchmark.objects.filter(published=True).order_by("created").first()


def terms_now() -> Terms | None:
    """The version that who hands in today agrees to."""
    return Terms.objects.order_by("-version").first()


def get_terms(version: int | None = None) -> Terms:
    terms = terms_now() if version is None else Terms.objects.filter(version=version).first()
    if terms is None:
        raise Http404("No such terms.")
    return terms
