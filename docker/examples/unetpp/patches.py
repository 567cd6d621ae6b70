"""Patches to learn from: as many about lesions as about healthy glands, each as another scanner might have shown it.

Small lesions are drawn more often than large ones, and so are patients without cancer whose glands last looked ill.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from scipy import ndimage
from torch import Tensor

from unetpp.cases import Case
from unetpp.network import GLAND, LESION
from unetpp.region import inputs

PATCH = (32, 32, 24)  # voxels: 96 mm a side
LESION_SHARE = 0.5  # of the patches
CALM = 0.2  # how often a patient is drawn who raises no alarm; 1 for one who is taken for ill
ZOOM, TURN = 0.12, 0.15  # at most: spacing as a share, radians about the body's axis
SHIFT_HU, GAIN = 6.0, 0.08  # standard deviations
NOISE_HU, BLUR = 9.0, 0.7  # at most: HU, voxels


@dataclass(frozen=True)
class Choice:
    """Which scans a batch shows: first those with lesions, then those of patients without cancer."""

    ill: list[int]
    healthy: list[int]


@dataclass(frozen=True)
class Batch:
    choice: Choice
    images: Tensor  # [patch, input, x, y, z]
    classes: Tensor  # [patch, x, y, z]


class Patches:
    """Draws batches from ``cases``, of which some must have a lesion and some no cancer."""

    def __init__(self, cases: Sequence[Case]) -> None:
        self.ill = [(case, voxels) for case in cases if len(voxels := np.argwhere(case.classes == LESION))]
        healthy = [(case, np.argwhere(case.classes == GLAND)) for case in cases if not case.cancer]
        self.healthy = [(case, voxels) for case, voxels in healthy if len(voxels)]
        self.width = np.array([len(voxels) ** (1 / 3) for _, voxels in self.ill])
        self.alarm = np.ones(len(self.healthy))

    def choose(self, size: int, *, rng: np.random.Generator) -> Choice:
        lesions = round(size * LESION_SHARE)
        return Choice(
            ill=pick(1 / self.width, lesions, rng=rng),
            healthy=pick(np.maximum(self.alarm, CALM), size - lesions, rng=rng),
        )

    def draw(self, choice: Choice, *, rng: np.random.Generator) -> Batch:
        drawn = []
        for case, voxels in [*(self.ill[n] for n in choice.ill), *(self.healthy[n] for n in choice.healthy)]:
            drawn.append(draw_patch(case, voxels[rng.integers(len(voxels))], rng=rng))
        images, classes = (np.stack(part) for part in zip(*drawn, strict=True))
        return Batch(choice, torch.from_numpy(images), torch.from_numpy(classes.astype(np.int64)))

    def learn(self, choice: Choice, suspicions: Sequence[float]) -> None:
        """How ill each patch looked; one shows only a part of the gland, so an older alarm fades slowly."""
        for number, suspicion in zip(choice.healthy, suspicions[len(choice.ill) :], strict=True):
            self.alarm[number] = max(suspicion, 0.7 * self.alarm[number])


def pick(weights: np.ndarray, size: int, *, rng: np.random.Generator) -> list[int]:
    return [int(number) for number in rng.choice(len(weights), size, p=weights / weights.sum())]


def draw_patch(case: Case, about: np.ndarray, *, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A patch, turned and stretched, with the voxel ``about`` somewhere in its middle half."""
    half = np.array(PATCH) / 2
    centre = about + rng.uniform(-0.5, 0.5, 3) * half
    turn = rng.uniform(-TURN, TURN)
    bend = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]])
    matrix = bend * rng.uniform(1 - ZOOM, 1 + ZOOM, 3)
    placed = {"matrix": matrix, "offset": centre - matrix @ (half - 0.5), "output_shape": PATCH, "mode": "nearest"}
    hu = ndimage.affine_transform(case.hu, order=1, **placed)
    prior = ndimage.affine_transform(case.prior, order=1, **placed)
    classes = ndimage.affine_transform(case.classes, order=0, **placed)
    return inputs(as_if_elsewhere(hu, rng=rng), prior), classes


def as_if_elsewhere(hu: np.ndarray, *, rng: np.random.Generator) -> np.ndarray:
    """Another scanner's sharpness, noise, offset and gain."""
    hu = ndimage.gaussian_filter(hu, rng.uniform(0, BLUR, 3) * (rng.random() < 0.5))
    noise = ndimage.gaussian_filter(rng.standard_normal(hu.shape, dtype=np.float32), rng.uniform(0, BLUR, 3))
    hu = hu + noise * (rng.uniform(0, NOISE_HU) / noise.std())
    return hu * rng.normal(1, GAIN) + rng.normal(0, SHIFT_HU)
