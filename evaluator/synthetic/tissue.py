"""What a voxel is made of, how dense that is in each contrast phase, and which organ it belongs to."""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import NDArray


class Tissue(IntEnum):
    AIR = 0
    FAT = 1
    SKIN = 2
    MUSCLE = 3
    CORTICAL_BONE = 4
    MARROW = 5
    DISC = 6
    CANAL = 7
    LUNG = 8
    HEART = 9
    LIVER = 10
    GALLBLADDER = 11
    SPLEEN = 12
    KIDNEY_CORTEX_RIGHT = 13
    KIDNEY_CORTEX_LEFT = 14
    KIDNEY_MEDULLA_RIGHT = 15
    KIDNEY_MEDULLA_LEFT = 16
    STOMACH_WALL = 17
    STOMACH_CONTENT = 18
    DUODENUM_WALL = 19
    DUODENUM_CONTENT = 20
    BOWEL_WALL = 21
    BOWEL_CONTENT = 22
    COLON_WALL = 23
    STOOL = 24
    GAS = 25
    AORTA = 26
    ARTERY = 27
    CAVA = 28
    PORTAL_VEIN = 29
    LIVER_VEIN = 30
    PANCREAS_HEAD = 31
    PANCREAS_BODY = 32
    PANCREAS_TAIL = 33
    DUCT = 34
    CYST = 35
    TABLE = 36


PANCREAS = (Tissue.PANCREAS_HEAD, Tissue.PANCREAS_BODY, Tissue.PANCREAS_TAIL)
VESSELS = (Tissue.AORTA, Tissue.ARTERY, Tissue.CAVA, Tissue.PORTAL_VEIN, Tissue.LIVER_VEIN)
PHASES = ("non-contrast", "arterial", "pancreatic", "venous")

# Hounsfield units by phase, in the order of PHASES; one number where contrast medium changes nothing.
_HU: dict[Tissue, tuple[float, ...]] = {
    Tissue.AIR: (-1000,),
    Tissue.FAT: (-104,),
    Tissue.SKIN: (10,),
    Tissue.MUSCLE: (50, 56, 58, 62),
    Tissue.CORTICAL_BONE: (620,),
    Tissue.MARROW: (190,),
    Tissue.DISC: (85,),
    Tissue.CANAL: (32,),
    Tissue.LUNG: (-830,),
    Tissue.HEART: (42, 260, 200, 145),
    Tissue.LIVER: (58, 64, 80, 110),
    Tissue.GALLBLADDER: (9,),
    Tissue.SPLEEN: (48, 118, 128, 120),
    Tissue.KIDNEY_CORTEX_RIGHT: (33, 180, 195, 188),
    Tissue.KIDNEY_CORTEX_LEFT: (33, 180, 195, 188),
    Tissue.KIDNEY_MEDULLA_RIGHT: (30, 72, 105, 165),
    Tissue.KIDNEY_MEDULLA_LEFT: (30, 72, 105, 165),
    Tissue.STOMACH_WALL: (38, 78, 92, 84),
    Tissue.STOMACH_CONTENT: (18,),
    Tissue.DUODENUM_WALL: (36, 76, 90, 84),
    Tissue.DUODENUM_CONTENT: (20,),
    Tissue.BOWEL_WALL: (36, 76, 88, 86),
    Tissue.BOWEL_CONTENT: (24,),
    Tissue.COLON_WALL: (36, 60, 70, 76),
    Tissue.STOOL: (30,),
    Tissue.GAS: (-960,),
    Tissue.AORTA: (42, 345, 270, 152),
    Tissue.ARTERY: (42, 330, 260, 150),
    Tissue.CAVA: (40, 62, 95, 138),
    Tissue.PORTAL_VEIN: (42, 78, 155, 166),
    Tissue.LIVER_VEIN: (46, 60, 90, 158),
    Tissue.PANCREAS_HEAD: (42, 92, 116, 100),
    Tissue.PANCREAS_BODY: (42, 92, 116, 100),
    Tissue.PANCREAS_TAIL: (42, 92, 116, 100),
    Tissue.DUCT: (12,),
    Tissue.CYST: (9,),
    Tissue.TABLE: (-560,),
}

# How far below the pancreas a tumour lies in each phase: best seen in the pancreatic one, hardly without contrast.
TUMOUR_DEPTH = {"non-contrast": 7.0, "arterial": 42.0, "pancreatic": 58.0, "venous": 44.0}

ORGANS = {
    1: "pancreas_head",
    2: "pancreas_body",
    3: "pancreas_tail",
    4: "liver",
    5: "spleen",
    6: "kidney_right",
    7: "kidney_left",
    8: "stomach",
    9: "duodenum",
    10: "aorta",
    11: "inferior_vena_cava",
    12: "portal_vein_and_splenic_vein",
    13: "gallbladder",
    14: "colon",
}
_ORGAN_OF: dict[Tissue, int] = {
    Tissue.PANCREAS_HEAD: 1,
    Tissue.PANCREAS_BODY: 2,
    Tissue.PANCREAS_TAIL: 3,
    Tissue.LIVER: 4,
    Tissue.LIVER_VEIN: 4,
    Tissue.SPLEEN: 5,
    Tissue.KIDNEY_CORTEX_RIGHT: 6,
    Tissue.KIDNEY_MEDULLA_RIGHT: 6,
    Tissue.KIDNEY_CORTEX_LEFT: 7,
    Tissue.KIDNEY_MEDULLA_LEFT: 7,
    Tissue.STOMACH_WALL: 8,
    Tissue.STOMACH_CONTENT: 8,
    Tissue.DUODENUM_WALL: 9,
    Tissue.DUODENUM_CONTENT: 9,
    Tissue.AORTA: 10,
    Tissue.CAVA: 11,
    Tissue.PORTAL_VEIN: 12,
    Tissue.GALLBLADDER: 13,
    Tissue.COLON_WALL: 14,
    Tissue.STOOL: 14,
}


def densities(phase: str) -> NDArray[np.float32]:
    """Hounsfield units by tissue number."""
    column = PHASES.index(phase)
    table = np.zeros(len(Tissue), dtype=np.float32)
    for tissue, values in _HU.items():
        table[tissue] = values[column] if len(values) > 1 else values[0]
    return table


def organ_numbers() -> NDArray[np.uint8]:
    """Organ number (see ``ORGANS``) by tissue number."""
    table = np.zeros(len(Tissue), dtype=np.uint8)
    for tissue, organ in _ORGAN_OF.items():
        table[tissue] = organ
    return table
