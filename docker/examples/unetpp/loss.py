"""Dice, cross entropy and whether a lesion is seen at all, the mean over the network's heads.

Every patch counts alike, so that a lesion of half a millilitre weighs as much as one of twenty.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from unetpp.network import CLASSES, LESION

SPOT = 8  # voxels, 0.3 mL: what is enough to be seen
SURE = 1e-4  # probabilities are kept this far from 0 and 1
SIGHT = 0.5  # weight


def supervised_loss(heads: Sequence[Tensor], classes: Tensor) -> Tensor:
    """``heads``: logits [patch, class, x, y, z] each; ``classes``: [patch, x, y, z]."""
    losses = []
    for logits in heads:
        found = logits.softmax(dim=1)
        entropy = functional.cross_entropy(logits, classes)
        losses.append(entropy + dice_loss(found, classes) + SIGHT * sight_loss(found[:, LESION], classes == LESION))
    return torch.stack(losses).mean()


def dice_loss(found: Tensor, classes: Tensor) -> Tensor:
    """1 less the mean soft Dice of everything but the background; a class that is not there should not be found."""
    wanted = functional.one_hot(classes, CLASSES).movedim(-1, 1)[:, 1:]
    across = (2, 3, 4)
    overlap = (found[:, 1:] * wanted).sum(dim=across)
    return 1 - ((2 * overlap + 1) / (found[:, 1:].sum(dim=across) + wanted.sum(dim=across) + 1)).mean()


def sight_loss(found: Tensor, wanted: Tensor) -> Tensor:
    """Cross entropy of each patch's most suspicious spot: of its lesion, or of anything where there is none."""
    ill = wanted.flatten(1).any(dim=1)
    spot = suspicion(found, wanted | ~ill[:, None, None, None])
    return functional.binary_cross_entropy(spot.clamp(SURE, 1 - SURE), ill.float())


def suspicion(found: Tensor, where: Tensor) -> Tensor:
    """Of each patch: the mean probability of the ``SPOT`` most suspicious voxels, or of all where there are fewer."""
    most = torch.where(where, found, 0.0).flatten(1).topk(SPOT).values.sum(dim=1)
    return most / where.flatten(1).sum(dim=1).clamp(1, SPOT)
