"""Numbers that an R session printed into tests/oracles: a table's name, then a line for each quantity."""

from __future__ import annotations

from pathlib import Path

ORACLES = Path(__file__).parents[2] / "oracles"


def read_session(name: str) -> dict[str, dict[str, list[float]]]:
    """Of each table ("# seven"), each quantity ("glmer.mu 2.64 3.10") as numbers; other lines are passed over."""
    found: dict[str, dict[str, list[float]]] = {}
    for line in (ORACLES / f"{name}.txt").read_text().splitlines():
        if line.startswith("# "):
            table = found.setdefault(line[2:].strip(), {})
        elif "." in line.split(" ")[0] and found:
            key, *numbers = line.split()
            table[key] = [float(number) for number in numbers]
    return found
