"""An upper abdomen: where organs lie, bent for each patient so that no two look alike.

Atlas millimetres, right-anterior-superior: the origin lies before the spine at the height of the pancreas' neck.
"""

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


def draw_anatomy(rng: np.random.Generator, *, size: tuple[float, float, float], fat: float, age: int) -> Anatomy:
    """A new patient."""

    def near(*point: float, by: float = 4.0) -> tuple[float, float, float]:
        x, y, z = np.array(point) + rng.normal(0, by, 3).clip(-2 * by, 2 * by)
        return float(x), float(y), float(z)

    def sized(*radii: float, by: float = 0.08) -> tuple[float, float, float]:
        a, b, c = np.array(radii) * rng.normal(1, by, 3).clip(1 - 2 * by, 1 + 2 * by)
        return float(a), float(b), float(c)

    return Anatomy(
        size=size,
        fat=fat,
        coarse=_fields(rng, step=75.0),
        fine=_fields(rng, step=17.0),
        solids=(
            (Tissue.HEART, Ellipsoid(centre=near(-24, 26, 120), radii=sized(62, 50, 40))),
            (Tissue.LIVER, Ellipsoid(centre=near(80, -2, 34), radii=sized(60, 80, 74))),
            (Tissue.LIVER, Ellipsoid(centre=near(10, 44, 52), radii=sized(66, 36, 36), turn=-8)),
            (Tissue.LIVER, Ellipsoid(centre=near(106, 6, -22), radii=sized(30, 52, 62))),
            (Tissue.SPLEEN, Ellipsoid(centre=near(-100, -46, 42), radii=sized(26, 46, 50), turn=18)),
            (Tissue.GALLBLADDER, Ellipsoid(centre=near(58, 46, -8), radii=sized(14, 20, 24, by=0.2))),
        ),
        kidneys=(
            (
                Tissue.KIDNEY_CORTEX_RIGHT,
                Tissue.KIDNEY_MEDULLA_RIGHT,
                Ellipsoid(centre=near(66, -50, -34), radii=sized(25, 31, 54), turn=38),
            ),
            (
                Tissue.KIDNEY_CORTEX_LEFT,
                Tissue.KIDNEY_MEDULLA_LEFT,
                Ellipsoid(centre=near(-66, -48, -20), radii=sized(25, 31, 54), turn=-38),
            ),
        ),
        bowel=_bowel(rng),
        gut=_gut(rng),
        vessels=_vessels(rng),
        pancreas=_pancreas(rng, age=age),
    )


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


def _fields(rng: np.random.Generator, *, step: float) -> tuple[SmoothField, SmoothField, SmoothField]:
    return SmoothField.draw(rng, step=step), SmoothField.draw(rng, step=step), SmoothField.draw(rng, step=step)


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


def _pancreas(rng: np.random.Generator, *, age: int) -> Pancreas:
    shift = rng.normal(0, 1, (8, 3)).clip(-2, 2) * (1.6, 1.6, 2.4)
    knots = np.array(
        [
            (27, -1, -34),
            (31, 5, -17),
            (25, 12, -3),
            (8, 17.5, 4),
            (-15, 20, 10),
            (-41, 7, 18),
            (-63, -11, 25),
            (-79, -22, 30),
        ]
    )
    radii = np.array([10, 15.5, 14, 9.5, 11, 10.5, 10, 7.5]) * rng.normal(1.0, 0.07)
    return Pancreas(
        tube=Tube.through(knots + shift, radii.tolist()),
        uncinate=Ellipsoid(centre=(15, -3, -24), radii=(14, 7.5, 13), turn=20),
        lobulation=SmoothField.draw(rng, step=6.5),
        clefts=float(np.clip((age - 45) / 45 + rng.normal(0, 0.2), 0, 1)),
    )


def _vessels(rng: np.random.Generator) -> tuple[tuple[Tissue, Tube], ...]:
    wave = rng.normal(0, 2.0, 6)
    artery, portal, liver = Tissue.ARTERY, Tissue.PORTAL_VEIN, Tissue.LIVER_VEIN
    mesentery = tuple(
        (vein, Tube.through([(7, 6, -34 - 8 * n), (end[0] / 2, 22, -55 - 5 * n), end], [2.6, 2.0, 1.4]))
        for n, vein in enumerate((portal, artery, portal, portal, artery, portal))
        for end in [tuple(rng.uniform((-80, 25, -120), (70, 50, -70)))]
    )
    splenic_artery = [(-8, 8, 18), (-24, 6, 24 + wave[0]), (-44, -6, 22 + wave[1]), (-66, -22, 33), (-84, -34, 38)]
    return (
        (
            Tissue.CAVA,
            Tube.through([(20, -22, -130), (19, -21, -40), (19, -14, 20), (18, -10, 70), (14, 2, 130)], 11.0),
        ),
        (Tissue.CAVA, Tube.through([(16, -19, -22), (-4, -5, -23), (-30, -24, -22), (-48, -40, -20)], 4.0)),
        (liver, Tube.through([(17, -10, 72), (50, -4, 66), (92, -6, 48)], [6, 5, 3])),
        (liver, Tube.through([(17, -10, 74), (42, 20, 62), (62, 46, 40)], [6, 5, 3])),
        (liver, Tube.through([(17, -9, 74), (6, 20, 64), (-14, 44, 54)], [5, 4, 2.5])),
        (liver, Tube.through([(48, 8, 34), (72, 4, 24), (102, -20, 10)], [6, 5, 3])),
        (liver, Tube.through([(48, 8, 34), (36, 26, 46), (4, 42, 48)], [5.5, 4, 3])),
        (liver, Tube.through([(66, 5, 26), (86, 26, 16), (100, 40, 0)], [4, 3.5, 2.5])),
        (portal, Tube.through([(6, 10, -100), (10, 6, -60), (9, 5, -28), (8, 4.5, -4)], [5, 6, 6.5, 7])),
        (portal, Tube.through([(8, 4.5, -4), (18, 5, 10), (32, 8, 24), (50, 8, 34)], 7.5)),
        (
            portal,
            Tube.through(
                [(8, 4.5, -2), (-16, 5.5, 7), (-40, -6, 15), (-64, -24, 25), (-88, -36, 36)], [5.5, 5, 5, 4.5, 4]
            ),
        ),
        (
            Tissue.AORTA,
            Tube.through([(-9, -24, 130), (-10, -19, 40), (-11, -19, -40), (-9, -20, -130)], [11.5, 10.5, 9.5, 9]),
        ),
        (artery, Tube.through([(-10, -12, -2), (-7, -2, -12), (-5, 2, -34), (-2, 6, -95)], [4, 3.8, 3.6, 3])),
        (artery, Tube.through([(-10, -12, 15), (-9, 0, 18), (-8, 8, 18)], 3.8)),
        (artery, Tube.through([(-8, 8, 18), (8, 14, 22), (26, 16, 24), (44, 16, 36)], [3.2, 3, 2.8, 2.4])),
        (artery, Tube.through(splenic_artery, [3.4, 3.2, 3, 2.8, 2.4])),
        *mesentery,
    )


def _bowel(rng: np.random.Generator) -> tuple[Hollow, ...]:
    """Colon, and small bowel in the corners it leaves."""
    knots = [(112, -14, -130), (112, -6, -62), (92, 44, -38), (44, 74, -44), (-20, 78, -44), (-74, 56, -10)]
    knots += [(-110, -8, 2), (-112, -28, -50), (-110, -26, -130)]
    radii = np.array([23, 23, 20, 18, 17, 17, 17, 14, 14]) * rng.normal(1, 0.08)
    colon = Tube.through(np.array(knots) + rng.normal(0, 4, (9, 3)), radii.tolist())
    starts = [(-66, 36, -38), (-30, 44, -66), (34, 44, -84), (-62, 20, -84), (66, 30, -104), (0, 54, -112)]
    starts += [(-40, 10, -112), (40, 0, -116), (-82, 40, -100)]
    loops = [
        Hollow(
            tube=_loop(rng, start=start),
            wall=Tissue.BOWEL_WALL,
            content=Tissue.BOWEL_CONTENT,
            gas_level=float(rng.choice([0.4, 0.8, 1.0, 1.0])),
        )
        for start in starts
    ]
    stool = Hollow(tube=colon, wall=Tissue.COLON_WALL, content=Tissue.STOOL, gas_level=float(rng.uniform(-0.5, 0.5)))
    return (*loops, stool)


def _gut(rng: np.random.Generator) -> tuple[Hollow, ...]:
    """Stomach, and the duodenum around the pancreas' head."""
    stomach = Tube.through(
        np.array([(-66, -4, 82), (-66, 24, 52), (-48, 50, 22), (-8, 58, 2), (22, 46, 0), (36, 34, 4)])
        + rng.normal(0, 2.5, (6, 3)),
        (np.array([32, 29, 24, 18, 14, 11]) * rng.normal(1, 0.1)).tolist(),
    )
    duodenum = Tube.through(
        np.array([(36, 34, 4), (52, 20, 0), (57, 8, -18), (50, 0, -42), (24, -4, -56), (-6, 0, -54), (-26, 8, -44)])
        + rng.normal(0, 1.2, (7, 3)),
        [11, 11.5, 11, 11, 10, 9.5, 9.5],
    )
    return (
        Hollow(
            tube=stomach,
            wall=Tissue.STOMACH_WALL,
            content=Tissue.STOMACH_CONTENT,
            gas_level=float(rng.uniform(0, 0.6)),
        ),
        Hollow(
            tube=duodenum,
            wall=Tissue.DUODENUM_WALL,
            content=Tissue.DUODENUM_CONTENT,
            gas_level=float(rng.choice([0.5, 1.0])),
        ),
    )


def _loop(rng: np.random.Generator, *, start: tuple[float, float, float]) -> Tube:
    """Small bowel: a walk that keeps turning and stays in its corner of the abdomen."""
    here, course = np.array(start, dtype=np.float64), rng.normal(0, 1, 3)
    knots = [here]
    for _ in range(14):
        course = course + rng.normal(0, 1.1, 3) + 0.05 * (np.array(start) - here) * (1.0, 1.3, 1.6)
        course /= np.linalg.norm(course)
        here = here + 17 * course
        knots.append(here)
    return Tube.through(knots, rng.uniform(9.0, 12.0))
