"""One attribute of the panel: its groups that are large enough, and their sums under permuted labels."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from evaluator.ranking.attributes import HOSPITAL
from evaluator.ranking.panel import Cell, Codes, Floats, Panel

FEWEST_IN_GROUP = 30  # of either truth
SUMS_AT_ONCE = 1 << 22  # bounds memory: sums of groups held at a time


@dataclass(frozen=True, kw_only=True, eq=False)
class Block:
    """Patients whose labels are exchanged with each other, in the order of their groups."""

    kind: int  # which row of ``counts`` they count in
    answers: NDArray[np.floating]  # (patients, models)
    codes: Codes  # (patients,), ascending

    @property
    def varies(self) -> bool:
        return len(self.codes) > 0 and bool(self.codes[0] != self.codes[-1])


@dataclass(frozen=True, kw_only=True, eq=False)
class Strata:
    """θ(m, g) = offset + Σ over kinds of weight × mean over the group's patients, all hospitals together."""

    groups: tuple[str, ...]
    too_few: tuple[str, ...]
    kinds: tuple[str, ...]  # positive and negative, or patients
    weights: Floats  # (kinds,)
    offset: float
    models: tuple[str, ...]
    counts: Codes  # (kinds, groups)
    uncounted: Codes  # (kinds,): unknown, or in a group that is too small
    blocks: tuple[Block, ...]

    @property
    def separable(self) -> bool:
        """Whether labels can be exchanged at all: somewhere two groups share a hospital and a truth."""
        return any(block.varies for block in self.blocks)

    def answers(self, kind: int, group: int) -> Floats:
        """Of one kind and group, (patients, models)."""
        parts = [block.answers[block.codes == group] for block in self.blocks if block.kind == kind]
        return np.concatenate(parts).astype(float)

    def sums(self) -> Floats:
        """Observed sums of answers, (kinds, groups, models)."""
        total = np.zeros((len(self.kinds), len(self.groups), len(self.models)))
        for block in self.blocks:
            np.add.at(total[block.kind], block.codes, block.answers.astype(float))
        return total

    def permuted_sums(self, *, times: int, rng: np.random.Generator) -> Iterator[Floats]:
        """Sums under permuted labels, in pieces of (permutations, kinds, groups, models); ``times`` in all."""
        size = len(self.kinds) * len(self.groups) * len(self.models)
        step = max(1, min(times, SUMS_AT_ONCE // max(size, 1)))
        for start in range(0, times, step):
            yield self._permuted(min(step, times - start), rng)

    def _permuted(self, times: int, rng: np.random.Generator) -> Floats:
        groups = len(self.groups)
        total = np.zeros((times, len(self.kinds), groups, len(self.models)))
        for block in self.blocks:
            n = len(block.codes)
            patients = rng.permuted(np.tile(np.arange(n, dtype=np.int32), (times, 1)), axis=1)
            # Row g of a permutation adds up the patients that are dealt the group's places.
            ends = np.searchsorted(block.codes, np.arange(groups), side="right")
            stops = (ends[None, :] + n * np.arange(times)[:, None]).ravel()
            ones = np.ones(times * n, dtype=block.answers.dtype)
            chosen = csr_array((ones, patients.ravel(), np.concatenate([[0], stops])), shape=(times * groups, n))
            total[:, block.kind] += (chosen @ block.answers).reshape(times, groups, -1)
        return total

    def scores(self, sums: Floats) -> Floats:
        """θ of sums (…, kinds, groups, models): (…, groups, models)."""
        return np.asarray(self.offset + (sums * (self.weights[:, None] / self.counts)[:, :, None]).sum(axis=-3))

    def rest_scores(self, sums: Floats) -> Floats:
        """θ of all other groups together, (…, groups, models)."""
        rest = sums.sum(axis=-2, keepdims=True) - sums
        others = self.counts.sum(axis=1, keepdims=True) - self.counts
        return np.asarray(self.offset + (rest * (self.weights[:, None] / others)[:, :, None]).sum(axis=-3))


def strata_of(panel: Panel, attribute: str) -> Strata:
    """The groups of an attribute with 30 patients of either truth; the others are named and left out.

    Labels are exchanged within hospital × truth; the hospital's own within truth.
    """
    kinds = tuple(panel.pooled_weights)
    names = panel.hospitals if attribute == HOSPITAL else panel.groups[attribute]
    codes = [_codes(panel, cell, attribute) for cell in panel.cells]
    counts = np.zeros((len(kinds), len(names)), dtype=np.int64)
    for cell, found in zip(panel.cells, codes, strict=True):
        counts[kinds.index(cell.group)] += np.bincount(found[found >= 0], minlength=len(names))
    large = np.flatnonzero((counts >= FEWEST_IN_GROUP).all(axis=0))
    place = np.full(len(names) + 1, -1, dtype=np.int64)  # the last for the unknown
    place[large] = np.arange(len(large))
    return Strata(
        groups=tuple(names[g] for g in large),
        too_few=tuple(name for g, name in enumerate(names) if place[g] < 0),
        kinds=kinds,
        weights=np.array([panel.pooled_weights[kind] for kind in kinds]),
        offset=panel.offset,
        models=panel.models,
        counts=counts[:, large],
        uncounted=_totals(panel, kinds) - counts[:, large].sum(axis=1),
        blocks=_blocks(panel, [place[found] for found in codes], whole=attribute == HOSPITAL),
    )


def _totals(panel: Panel, kinds: tuple[str, ...]) -> Codes:
    return np.array([sum(cell.patients for cell in panel.cells if cell.group == kind) for kind in kinds])


def _codes(panel: Panel, cell: Cell, attribute: str) -> Codes:
    if attribute == HOSPITAL:
        return np.full(cell.patients, panel.hospitals.index(cell.hospital), dtype=np.int64)
    return cell.labels[attribute]


def _blocks(panel: Panel, codes: list[Codes], *, whole: bool) -> tuple[Block, ...]:
    kinds = tuple(panel.pooled_weights)
    exact = all(cell.is_binary for cell in panel.cells)
    pieces: dict[tuple[str, int], list[tuple[Floats, Codes]]] = {}
    for number, (cell, found) in enumerate(zip(panel.cells, codes, strict=True)):
        known = found >= 0
        key = (cell.group, -1 if whole else number)
        pieces.setdefault(key, []).append((cell.answers[known], found[known]))
    blocks = []
    for (group, _), parts in pieces.items():
        at = np.concatenate([part for _, part in parts])
        answers = np.concatenate([part for part, _ in parts])
        order = np.argsort(at, kind="stable")
        kind = kinds.index(group)
        # Sums of 0 and 1 are exact in float32 and twice as fast.
        blocks.append(Block(kind=kind, answers=answers[order].astype(np.float32 if exact else float), codes=at[order]))
    return tuple(block for block in blocks if len(block.codes))
