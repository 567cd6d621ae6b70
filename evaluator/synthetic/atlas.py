"""Where organs lie, drawn anew for each patient: positions, sizes and courses vary about an adult's.

Atlas millimetres, right-anterior-superior: the origin lies before the spine at the height of the pancreas' neck.
"""

from __future__ import annotations

import numpy as np

from evaluator.synthetic.anatomy import Anatomy, Hollow, Pancreas
from evaluator.synthetic.shapes import Ellipsoid, SmoothField, Tube
from evaluator.synthetic.tissue import Tissue


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


def _fields(rng: np.random.Generator, *, step: float) -> tuple[SmoothField, SmoothField, SmoothField]:
    return SmoothField.draw(rng, step=step), SmoothField.draw(rng, step=step), SmoothField.draw(rng, step=step)


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
