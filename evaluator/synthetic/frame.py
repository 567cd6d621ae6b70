"""The frame around the organs: air, skin, fat, muscle, bone, lungs, and the table the patient lies on."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evaluator.synthetic.shapes import Array, Canvas
from evaluator.synthetic.tissue import Tissue

HALF_WIDTH, HALF_DEPTH = 140.0, 92.0  # of the muscular wall, mm
LOWEST_RIB = -50.0


def paint_frame(canvas: Canvas, *, fat: float) -> NDArray[np.bool_]:
    """Paint everything but organs; return the cavity, still all fat, that is left for them."""
    x, y, z, tissue = canvas.x, canvas.y, canvas.z, canvas.tissue
    wall = _oval(x, y, HALF_WIDTH, HALF_DEPTH)
    skin = _oval(x, y + 0.12 * fat, HALF_WIDTH + fat, HALF_DEPTH + 0.85 * fat)
    tissue[skin < 1] = Tissue.SKIN
    tissue[_oval(x, y + 0.12 * fat, HALF_WIDTH + fat - 2.5, HALF_DEPTH + 0.85 * fat - 2.5) < 1] = Tissue.FAT
    tissue[(wall < 1) & (wall > _inner_edge(x, y, z))] = Tissue.MUSCLE
    chest = canvas.z.max(axis=(0, 1)) > LOWEST_RIB
    top = np.s_[:, :, int(chest.argmax()) :] if chest.any() else np.s_[:, :, :0]
    upper = Canvas(canvas.axes, x[top], y[top], z[top], tissue[top])
    _paint_lungs(upper, wall[top])
    _paint_ribs(upper, wall[top])
    if back := canvas.part((-85, -110, -500), (85, 0, 500)):
        _paint_back(back)
    cavity: NDArray[np.bool_] = (tissue == Tissue.FAT) & (wall < 0.95)
    return cavity


def paint_table(shape_axes: tuple[NDArray[np.float64], NDArray[np.float64]], *, back: float) -> NDArray[np.bool_]:
    """The table's shell in one axial plane, ``back`` mm behind the origin."""
    x, y = shape_axes[0][:, None], shape_axes[1][None, :]
    bow = y + back - (x / 190.0) ** 2 * 26.0
    return np.logical_and(np.abs(bow) < 2.2, np.abs(x) < 205)


def _oval(x: Array, y: Array, half_width: float, half_depth: float) -> Array:
    power = 2.3
    distance: Array = (np.abs(x / half_width) ** power + np.abs(y / half_depth) ** power) ** (1 / power)
    return distance


def _inner_edge(x: Array, y: Array, z: Array) -> Array:
    """Where the wall's muscle begins: thick over the flanks and the rectus, a gap in the midline."""
    front, aside = y > 50, np.abs(x)
    thick = np.full(x.shape, 0.905, dtype=np.float32)
    thick[front & (aside < 62)] = 0.885
    thick[z > 30] = 0.93
    thick[front & (aside <= 3)] = 0.985
    return thick


def _paint_lungs(canvas: Canvas, wall: Array) -> None:
    x, y, z = canvas.x, canvas.y, canvas.z
    lobe_right = (((x - 60) / 92) ** 2 + ((y - 2) / 96) ** 2) ** 1.6
    lobe_left = (((x + 60) / 92) ** 2 + ((y - 2) / 96) ** 2) ** 1.6
    dome = np.where(x > 0, 98.0 - 95.0 * lobe_right, 88.0 - 88.0 * lobe_left)
    above = z > dome
    muscle_cap = z > dome - 3.5
    mediastinum = ((x + 2) / 40) ** 2 + ((y + 34) / 36) ** 2 < 1
    chest = (wall < 0.925) & ~mediastinum & (canvas.tissue != Tissue.AIR)
    canvas.tissue[chest & muscle_cap] = Tissue.MUSCLE
    canvas.tissue[chest & above] = Tissue.LUNG


def _paint_ribs(canvas: Canvas, wall: Array) -> None:
    x, y, z = canvas.x, canvas.y, canvas.z
    height = z + 0.32 * y  # ribs slope down towards the front
    margin = -26 + 0.62 * (y + 60) + 0.10 * np.abs(x)  # the costal margin rises towards the front
    phase = np.abs((height / 27.0) % 1.0 - 0.5) * 27.0  # mm from a rib's middle
    depth = np.abs(wall - 0.955) * 105.0
    shell = (phase / 6.0) ** 2 + (depth / 4.2) ** 2
    caged = (z > margin) & (np.abs(x) > 26) & (canvas.tissue != Tissue.AIR)
    canvas.tissue[caged & (shell < 1)] = Tissue.CORTICAL_BONE
    canvas.tissue[caged & (shell < 0.35)] = Tissue.MARROW


def _paint_back(canvas: Canvas) -> None:
    x, y, z, tissue = canvas.x, canvas.y, canvas.z, canvas.tissue
    psoas = ((np.abs(x) - 31 - np.clip(-z, 0, 90) * 0.12) / (7 + np.clip(-z, 0, 90) * 0.12)) ** 2 + ((y + 47) / 17) ** 2
    tissue[(psoas < 1) & (z < 5)] = Tissue.MUSCLE
    crus = ((np.abs(x + 2) - 19) / 5.5) ** 2 + ((y + 27) / 13) ** 2
    tissue[(crus < 1) & (z > -20) & (z < 70)] = Tissue.MUSCLE
    for side in (-1, 1):
        tissue[((x - side * 33) / 31) ** 2 + ((y + 78) / 19) ** 2 < 1] = Tissue.MUSCLE

    level = np.abs((z / 33.0) % 1.0 - 0.5) * 33.0  # 0 at a disc's middle
    disc = level < 4.5
    waist = 1.0 - 0.10 * np.clip((level - 4.5) / 12.0, 0, 1)
    body = np.sqrt((x / 22.0) ** 2 + ((y + 45) / 17.0) ** 2) / waist
    body = np.where(y < -56, body * 1.12, body)
    tissue[body < 1] = Tissue.CORTICAL_BONE
    tissue[(body < 0.9) & (level > 6.5)] = Tissue.MARROW
    tissue[(body < 1) & disc] = Tissue.DISC

    arch = np.sqrt((x / 19.0) ** 2 + ((y + 69) / 15.0) ** 2)
    spinous = (np.abs(x) < 3.6) & (y < -78) & (y > -98) & (level > 8)
    transverse = (np.abs(y + 70 + np.abs(x) * 0.1) < 3.4) & (np.abs(x) < 40) & (level > 11)
    tissue[((arch < 1) | transverse | spinous) & (y < -58) & ~(disc & (arch > 0.9))] = Tissue.CORTICAL_BONE
    tissue[(np.abs(x) < 2) & spinous] = Tissue.MARROW
    tissue[(x / 10.5) ** 2 + ((y + 68) / 8.5) ** 2 < 1] = Tissue.CANAL
