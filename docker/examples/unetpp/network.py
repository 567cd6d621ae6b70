"""UNet++ in three dimensions: nested, densely connected skip pathways with deep supervision.

Zhou, Siddiquee, Tajbakhsh, Liang: UNet++: Redesigning Skip Connections to Exploit Multiscale Features in Image
Segmentation. IEEE Transactions on Medical Imaging 39(6), 2020 (online in 2019).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

INPUTS = 2  # Hounsfield units, and how usual the place is for a pancreas
BACKGROUND, GLAND, LESION = range(3)
CLASSES = 3
CHANNELS = (8, 16, 32, 64)  # by level, finest first


class Block(nn.Sequential):
    """Two 3×3×3 convolutions, each with batch normalisation and ReLU: one node of the network."""

    def __init__(self, inputs: int, outputs: int) -> None:
        layers: list[nn.Module] = []
        for width in (inputs, outputs):
            layers += [
                nn.Conv3d(width, outputs, 3, padding=1, bias=False),
                nn.BatchNorm3d(outputs),
                nn.ReLU(inplace=True),
            ]
        super().__init__(*layers)


class UNetPlusPlus(nn.Module):
    """Node X(i, j) lies on level i of the resolutions, after j skip connections.

    X(i, 0) is the encoder's; X(i, j) sees X(i, 0) … X(i, j-1) and what X(i+1, j-1) is, upsampled. Every X(0, j) with
    j > 0 has a head of its own, which is trained as the answer (deep supervision).
    """

    def __init__(self, *, channels: Sequence[int] = CHANNELS, inputs: int = INPUTS, classes: int = CLASSES) -> None:
        super().__init__()
        self.levels = len(channels)
        self.nodes = nn.ModuleDict()
        for level, width in enumerate(channels):
            above = inputs if level == 0 else channels[level - 1]
            self.nodes[name(level, 0)] = Block(above, width)
            for skip in range(1, self.levels - level):
                self.nodes[name(level, skip)] = Block(width * skip + channels[level + 1], width)
        self.heads = nn.ModuleList(nn.Conv3d(channels[0], classes, 1) for _ in range(1, self.levels))

    @property
    def multiple(self) -> int:
        """Voxels a side must be a multiple of."""
        return int(2 ** (self.levels - 1))

    def forward(self, image: Tensor) -> list[Tensor]:
        """Logits of every head, shallowest first: [batch, class, x, y, z] each, on the image's own grid."""
        made: dict[tuple[int, int], Tensor] = {}
        for level in range(self.levels):
            below = image if level == 0 else functional.max_pool3d(made[level - 1, 0], 2)
            made[level, 0] = self.nodes[name(level, 0)](below)
            for skip in range(1, level + 1):  # the diagonal that X(level, 0) makes possible
                row = level - skip
                risen = functional.interpolate(made[row + 1, skip - 1], scale_factor=2.0, mode="nearest")
                seen = [made[row, earlier] for earlier in range(skip)]
                made[row, skip] = self.nodes[name(row, skip)](torch.cat([*seen, risen], dim=1))
        return [head(made[0, skip]) for skip, head in enumerate(self.heads, start=1)]

    def probabilities(self, image: Tensor) -> Tensor:
        """The heads' mean, [batch, class, x, y, z]: what the paper calls the accurate mode."""
        return torch.stack([logits.softmax(dim=1) for logits in self(image)]).mean(dim=0)


def name(level: int, skip: int) -> str:
    return f"x{level}_{skip}"


def choose_device(wanted: str = "auto") -> torch.device:
    """``cuda`` where torch sees a GPU, else ``cpu``, unless one of the two is asked for."""
    if wanted == "auto":
        wanted = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(wanted)


def save_weights(network: nn.Module, path: Path) -> None:
    """As arrays of half precision; no pickle is in the file."""
    arrays = {key: value.detach().cpu().numpy() for key, value in network.state_dict().items()}
    np.savez_compressed(path, **{key: half(array) for key, array in arrays.items()})


def load_network(path: Path, device: torch.device) -> UNetPlusPlus:
    with np.load(path, allow_pickle=False) as arrays:
        weights: Mapping[str, Tensor] = {key: torch.from_numpy(arrays[key]) for key in arrays.files}
    network = UNetPlusPlus()
    network.load_state_dict(
        {key: value.float() if value.is_floating_point() else value for key, value in weights.items()}
    )
    return network.to(device, memory_format=torch.channels_last_3d).eval()


def half(array: np.ndarray) -> np.ndarray:
    return array.astype(np.float16) if array.dtype == np.float32 else array
