"""How much surface passes a corner of the voxel grid, for each in-or-out pattern of the eight voxels that meet there.

Marching cubes (Lorensen and Cline 1987) on the cube whose corners are the eight voxel centres, surface through the
middles of its edges. Three choices make a surface of a pattern:

- *Which side.* Where a face of the cube has two voxels in, diagonally, either the two in or the two out could be
  joined across it. The scarcer side of the cube is the one kept apart; with four in and four out, half of each answer.
- *How a loop is filled.* A loop of five or six points may not be flat. It is cut, from point to point, into the fewest
  flat pieces; if two cuts have as few, half of each.
- *Size.* A piece is a vector: its normal, as long as its area. Under an affine that vector goes by the cofactor matrix.

The halves make no difference on a grid of right angles; there the areas are those of surface-distance and MONAI, for
all 256 patterns. On a sheared one they keep the answer free of the order and direction of the axes.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Point = tuple[int, ...]
Vector = tuple[int, int, int]

CORNERS = tuple(itertools.product((0, 1), repeat=3))  # bit n of a code stands for the n-th
SQUARE = ((0, 0), (1, 0), (1, 1), (0, 1))
FACES = [  # each in the same sense of rotation as seen from outside
    [(*pair[axis:], side, *pair[:axis]) for pair in SQUARE[:: 2 * side - 1]] for axis in range(3) for side in (0, 1)
]


def area_of_codes(affine: NDArray[np.float64]) -> NDArray[np.float64]:
    """Area of the surface at a grid corner, by the code of the voxels around it.

    Parameters
    ----------
    affine : ndarray, shape (4, 4)
        From voxel index to millimetres; any shear or flip.

    Returns
    -------
    ndarray, shape (256,)
        mm²; 0 for codes 0 and 255 alone. In a code, bit ``4 i + 2 j + k`` is set if the voxel ``(i, j, k)`` of the
        2×2×2, each 0 or 1, is in.

    References
    ----------
    .. [1] Lorensen, Cline. Marching cubes. SIGGRAPH 1987.
    .. [2] Nikolov et al. Deep learning to achieve clinically applicable segmentation of head and neck anatomy.
           J Med Internet Res 2021; arXiv 1809.04430.
    """
    codes, vectors = _pieces()
    cofactor = np.linalg.det(affine[:3, :3]) * np.linalg.inv(affine[:3, :3])  # transposed, as rows are multiplied
    areas = np.bincount(codes, weights=np.linalg.norm(vectors @ cofactor, axis=1), minlength=256)
    return np.asarray(areas, dtype=np.float64)


@lru_cache(maxsize=1)
def _pieces() -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Flat pieces of all codes: each one's code, shape (n,), and area vector in voxel units, shape (n, 3)."""
    codes: list[int] = []
    vectors: list[NDArray[np.float64]] = []
    for code in range(1, 128):  # a pattern and its opposite have the same surface
        inside = frozenset(corner for bit, corner in enumerate(CORNERS) if code >> bit & 1)
        scarcer = [side for side in (inside, frozenset(CORNERS) - inside) if len(side) <= 4]
        for loop in itertools.chain.from_iterable(map(_loops, scarcer)):
            cuts = _flattest_cuts(loop)
            for piece in itertools.chain.from_iterable(cuts):
                codes += code, 255 - code
                vectors += 2 * [np.array(piece) / (8 * len(scarcer) * len(cuts))]
    return np.array(codes), np.array(vectors)


def _loops(inside: frozenset[Point]) -> list[list[Point]]:
    """Closed loops around the corners inside, through middles of the cube's edges, in half edges: 0, 1 or 2."""
    following = {}
    for ring in FACES:
        for at in range(4):
            if ring[at] in inside and ring[at - 1] not in inside:
                last = next(step for step in range(at, at + 4) if ring[(step + 1) % 4] not in inside)
                following[_middle(ring[last % 4], ring[(last + 1) % 4])] = _middle(ring[at - 1], ring[at])
    loops = []
    while following:
        point, after = following.popitem()
        loop = [point]
        while after != loop[0]:
            loop.append(after)
            after = following.pop(after)
        loops.append(loop)
    return loops


def _middle(one: Point, other: Point) -> Point:
    return tuple(a + b for a, b in zip(one, other, strict=True))


def _flattest_cuts(loop: Sequence[Point]) -> set[frozenset[Vector]]:
    """Ways to cut a loop into the fewest flat pieces, each piece as eight times its area vector."""
    cuts = {_merged(triangles) for triangles in _triangulations(loop)}
    fewest = min(map(len, cuts))
    return {cut for cut in cuts if len(cut) == fewest}


def _triangulations(loop: Sequence[Point]) -> Iterator[list[Vector]]:
    """Every way to cut a loop into triangles, as cross products of their sides."""
    if len(loop) < 3:
        yield []
        return
    for apex in range(1, len(loop) - 1):
        triangle = _cross(loop[0], loop[apex], loop[-1])
        for left in _triangulations(loop[: apex + 1]):
            for right in _triangulations(loop[apex:]):
                yield [*left, triangle, *right]


def _merged(triangles: list[Vector]) -> frozenset[Vector]:
    """Triangles that face the same way, as one."""
    sums: dict[Vector, Vector] = {}
    for x, y, z in triangles:
        divisor = math.gcd(x, y, z)
        facing = (x // divisor, y // divisor, z // divisor)
        before = sums.get(facing, (0, 0, 0))
        sums[facing] = (before[0] + x, before[1] + y, before[2] + z)
    return frozenset(sums.values())


def _cross(a: Point, b: Point, c: Point) -> Vector:
    (ux, uy, uz), (vx, vy, vz) = ((q - p for p, q in zip(a, end, strict=True)) for end in (b, c))
    return uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx
