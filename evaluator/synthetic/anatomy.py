"""An upper abdomen: organs as shapes, bent for each patient so that no two look alike, painted on any grid."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from evaluator.synthetic.frame import paint_frame
from evaluator.synthetic.shapes import Axes, Canvas, Ellipsoid, SmoothField, Tube
from evaluator.synthetic.tissue import PANCREAS, Tissue

WALL = {
    Tissue.STOMACH_WALL: 4.5,
    Tissue.DUODENUM_WALL: 2.8,
    Tissue.BOWEL_WALL: 2.4,
    Tissue.COLON_WALL: 2.2,
}


@dataclass(frozen=True, kw_only=True, eq=False)
class Hollow:
    """Bowel or stomach: a wall, content, and gas that rises to the front of a patient who lies on the back."""

    tube: Tube
    wall: Tissue
    content: Tissue
    gas_level: float  # in radii above the curve


@dataclass(frozen=True, kw_only=True, eq=False)
class Pancreas:
    """The curve from the uncinate process to the tail, and what disease has done to it."""

    tube: Tube
    uncinate: Ellipsoid
    lobulation: SmoothField
    clefts: float  # 0 smooth, 1 much fat between the lobules
    duct: float = 0.0  # radius in mm upstream of ``blocked``
    blocked: float = 1.0  # share of the curve's length where a tumour sits
    atrophy: float = 0.0  # share of the thickness lost upstream


@dataclass(frozen=True, kw_only=True, eq=False)
class Anatomy:
    """Everything that makes one patient; painting it on any grid gives the same body."""

    size: tuple[float, float, float]  # atlas to this patient
    fat: float  # mm under the skin
    coarse: tuple[SmoothField, SmoothField, SmoothField]
    fine: tuple[SmoothField, SmoothField, SmoothField]
    solids: tuple[tuple[Tissue, Ellipsoid], ...]
    kidneys: tuple[tuple[Tissue, Tissue, Ellipsoid], ...]
    bowel: tuple[Hollow, ...]  # gives way to the liver and the spleen
    gut: tuple[Hollow, ...]  # stomach and duodenum, to which they give way
    vessels: tuple[tuple[Tissue, Tube], ...]
    pancreas: Pancreas
    cysts: tuple[Ellipsoid, ...] = field(default=())


def paint(anatomy: Anatomy, axes: Axes) -> NDArray[np.uint8]:
    """Tissue numbers on the grid that three axes of patient millimetres span."""
    canvas = _bend(anatomy, axes)
    inside = paint_frame(canvas, fat=anatomy.fat)
    for hollow in anatomy.bowel:
        _paint_hollow(canvas, hollow, inside)
    for tissue, solid in anatomy.solids:
        _paint_solid(canvas, tissue, solid, inside)
    under_the_dome = inside & (canvas.z > 56) & (canvas.x > 14) & (canvas.y > -40)
    canvas.tissue[under_the_dome & (canvas.tissue == Tissue.FAT)] = Tissue.LIVER
    for hollow in anatomy.gut:
        _paint_hollow(canvas, hollow, inside)
    for cortex, medulla, kidney in anatomy.kidneys:
        _paint_kidney(canvas, cortex, medulla, kidney)
    _paint_pancreas(canvas, anatomy.pancreas)
    for tissue, tube in anatomy.vessels:
        _paint_vessel(canvas, tissue, tube)
    for cyst in anatomy.cysts:
        if found := cyst.distance(canvas):
            distance, box = found
            solid_organ = np.isin(canvas.tissue[box], (*PANCREAS, Tissue.LIVER, Tissue.FAT))
            canvas.put(Tissue.CYST, (distance < 1) & solid_organ, box)
    return canvas.tissue


def in_patient(anatomy: Anatomy, point: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where an atlas point lies in the patient, to within a fraction of a millimetre."""
    target = np.asarray(point, dtype=np.float64)
    guess = target * anatomy.size
    for _ in range(8):
        axes = (guess[:1], guess[1:2], guess[2:])
        canvas = _bend(anatomy, axes)
        here = np.array([canvas.x.item(), canvas.y.item(), canvas.z.item()])
        guess = guess + (target - here) * anatomy.size
    return guess


def _bend(anatomy: Anatomy, axes: Axes) -> Canvas:
    atlas = tuple(axis / scale for axis, scale in zip(axes, anatomy.size, strict=True))
    straight = (atlas[0][:, None, None], atlas[1][None, :, None], atlas[2][None, None, :])
    x, y, z = (
        (line + 5.0 * coarse.on(axes) + 1.1 * fine.on(axes)).astype(np.float32)
        for line, coarse, fine in zip(straight, anatomy.coarse, anatomy.fine, strict=True)
    )
    shape = (len(axes[0]), len(axes[1]), len(axes[2]))
    return Canvas((atlas[0], atlas[1], atlas[2]), x, y, z, np.zeros(shape, dtype=np.uint8))


# The liver's hollow under side, where the porta, the duodenum and the pancreas' head lie.
VISCERAL = Ellipsoid(centre=(26, -4, -28), radii=(48, 58, 48))


def _paint_solid(canvas: Canvas, tissue: Tissue, solid: Ellipsoid, inside: NDArray[np.bool_]) -> None:
    if not (found := solid.distance(canvas)):
        return
    distance, box = found
    where = (distance < 1) & (inside[box] if tissue != Tissue.HEART else canvas.tissue[box] == Tissue.LUNG)
    if tissue == Tissue.LIVER and (under := VISCERAL.distance(canvas)):
        free = np.zeros(canvas.tissue.shape, dtype=bool)
        free[under[1]] = under[0] < 1
        where &= ~free[box]
    canvas.put(tissue, where, box)


def _paint_hollow(canvas: Canvas, hollow: Hollow, inside: NDArray[np.bool_]) -> None:
    if not (found := hollow.tube.nearest(canvas)):
        return
    distance, sample, box = found
    room = inside[box]
    radius = hollow.tube.radii[sample]
    lumen = room & (distance < 1 - WALL[hollow.wall] / radius)
    rise = (canvas.y[box] - hollow.tube.points[sample, 1]) / radius
    canvas.put(hollow.wall, room & (distance < 1), box)
    canvas.put(hollow.content, lumen, box)
    canvas.put(Tissue.GAS, lumen & (rise > hollow.gas_level), box)


def _paint_vessel(canvas: Canvas, tissue: Tissue, tube: Tube) -> None:
    if not (found := tube.nearest(canvas)):
        return
    distance, _, box = found
    here = canvas.tissue[box]
    barred = (here == Tissue.LUNG) | (here == Tissue.MARROW) | (here == Tissue.CORTICAL_BONE) | (here == Tissue.AIR)
    in_liver = here == Tissue.LIVER
    canvas.put(tissue, (distance < 1) & ~barred & ~in_liver, box)
    canvas.put(Tissue.LIVER_VEIN, (distance < 0.8) & in_liver, box)


def _paint_kidney(canvas: Canvas, cortex: Tissue, medulla: Tissue, kidney: Ellipsoid) -> None:
    if not (found := kidney.distance(canvas)):
        return
    distance, box = found
    hilum = np.sign(kidney.centre[0])  # the sinus opens towards the spine
    sinus = Ellipsoid(
        centre=(kidney.centre[0] - hilum * 14, kidney.centre[1] + 10, kidney.centre[2]),
        radii=(15.0, 8.0, 22.0),
        turn=kidney.turn,
    )
    whole = (distance < 1) & np.isin(canvas.tissue[box], (Tissue.FAT, Tissue.LIVER, Tissue.SPLEEN, Tissue.MUSCLE))
    angle = np.arctan2(canvas.y[box] - kidney.centre[1], canvas.x[box] - kidney.centre[0])
    pyramid = (distance < 0.78) & (np.cos(6 * angle) + 0.8 * np.cos(canvas.z[box] / 5) > -0.4)
    canvas.put(cortex, whole, box)
    canvas.put(medulla, whole & pyramid, box)
    if hollow := sinus.distance(canvas):
        depth, where = hollow
        canvas.put(Tissue.FAT, (depth < 1) & np.isin(canvas.tissue[where], (cortex, medulla)), where)


def _paint_pancreas(canvas: Canvas, pancreas: Pancreas) -> None:
    found = pancreas.tube.nearest(canvas, near=1.6)
    if not found:
        return
    distance, sample, box = found
    course = pancreas.tube.course[sample]
    upstream = course > pancreas.blocked
    patient = tuple(axis[cut] for axis, cut in zip(canvas.axes, box, strict=True))
    ripple = pancreas.lobulation.on((patient[0], patient[1], patient[2]))
    surface = distance / np.where(upstream, 1 - pancreas.atrophy, 1.0) + (0.09 + 0.1 * pancreas.clefts) * ripple
    gland = surface < 1
    if hook := pancreas.uncinate.distance(canvas):
        depth, where = hook
        near = np.full(canvas.tissue.shape, np.inf, dtype=np.float32)
        near[where] = depth
        gland |= near[box] + 0.09 * ripple < 1
    gland &= np.isin(canvas.tissue[box], (Tissue.FAT, Tissue.DUODENUM_WALL, Tissue.LIVER, Tissue.BOWEL_WALL))
    gland &= ~((ripple > 2.1 - 1.1 * pancreas.clefts) & (surface > 0.45))  # fat between the lobules
    for tissue, start, stop in zip(PANCREAS, (-1, 0.40, 0.72), (0.40, 0.72, 2), strict=True):
        canvas.put(tissue, gland & (course >= start) & (course < stop), box)
    if pancreas.duct:
        # Near the blockage the duct tapers; it ends where the tail does.
        width = pancreas.duct * np.clip((course - pancreas.blocked) / 0.06, 0, 1) * np.clip((1 - course) / 0.12, 0, 1)
        middle = distance * pancreas.tube.radii[sample] < width
        canvas.put(Tissue.DUCT, gland & upstream & middle, box)
