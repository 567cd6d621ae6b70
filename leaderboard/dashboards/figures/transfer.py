"""The figures of the domain transfer page: who differs, where, and whether the order depends on a hospital."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import plotly.graph_objects as go

from leaderboard.dashboards import formatting
from leaderboard.dashboards.figures.base import Figure, Table, drawing, role_of
from leaderboard.dashboards.figures.grids import GridCell, Scale, grid_figure, short, shortened
from leaderboard.dashboards.figures.intervals import Line, Span, interval_figure
from leaderboard.dashboards.formatting import Unit, plain
from leaderboard.dashboards.selectors.transfer import Json, Transfer, score_at

NOBODY = "It takes two ranked models."
BETTER, WORSE, SAME = "▲", "▽", "·"


def transfer_figures(found: Transfer) -> dict[str, Figure]:
    """By key: significance, hospitals, left_out, agreement, new_hospital."""
    return {
        "significance": significance(found),
        "hospitals": by_hospital(found),
        "left_out": left_out(found),
        "agreement": agreement(found),
        "new_hospital": new_hospital(found),
    }


def significance(found: Transfer) -> Figure:
    """Row minus column: better, worse or not different, beyond doubt for all pairs at once."""
    pairs = found.pairs
    names = [found.model(item["model"]).label for item in found.shown]
    rows = []
    lines: list[tuple[str, ...]] = []
    for one in found.shown:
        cells = []
        for other in found.shown:
            pair = pairs.get((one["model"], other["model"]))
            cells.append(GridCell() if pair is None else _difference(found, one, other, pair))
        rows.append((found.model(one["model"]).label, cells))
    for one in found.shown:
        for other in found.shown:
            pair = pairs.get((one["model"], other["model"]))
            if pair is not None and pair["first"]:
                lines.append(
                    (
                        found.model(one["model"]).label,
                        found.model(other["model"]).label,
                        plain(pair["difference"]),
                        formatting.interval(pair["low"], pair["high"], Unit.PLAIN).strip("()"),
                        formatting.p_value(pair["p_adjusted"]),
                        _word(pair),
                    )
                )
    return grid_figure(
        key="significance",
        title="Which differences are real",
        caption=f"Transfer score of the row minus that of the column. {BETTER} the row is better, {WORSE} it is worse, "
        f"{SAME} no difference beyond doubt: 95 % intervals that hold for all pairs at once.{found.of_models}",
        columns=names,
        rows=rows,
        scale=Scale(name="apart", low=-1, high=1),
        table=Table(
            columns=("model", "against", "difference", "95 % interval", "adjusted p", "the first is"), rows=tuple(lines)
        ),
        absent=NOBODY,
    )


def _difference(found: Transfer, one: Json, other: Json, pair: Json) -> GridCell:
    sign = 1 if pair["low"] > 0 else -1 if pair["high"] < 0 else 0
    mark = {1: BETTER, -1: WORSE, 0: SAME}[sign]
    interval = formatting.interval(pair["low"], pair["high"], Unit.PLAIN)
    who = f"{found.model(one['model']).label} − {found.model(other['model']).label}"
    words = f"{who}: {plain(pair['difference'])} {interval}, adjusted p {formatting.p_value(pair['p_adjusted'])}"
    return GridCell(value=float(sign), text=mark, hover=f"{words}: {_word(pair)}")


def _word(pair: Json) -> str:
    return "better" if pair["low"] > 0 else "worse" if pair["high"] < 0 else "not different beyond doubt"


def by_hospital(found: Transfer) -> Figure:
    """Every model's score at every hospital; the worst of each is marked."""
    rows = []
    lines = []
    for item in found.shown:
        label = found.model(item["model"]).label
        worst = item["worst_hospital"]["hospital"]
        cells = []
        for name in found.hardest:
            given = score_at(item, name)
            interval = formatting.interval(given["low"], given["high"], Unit.PLAIN)
            text = f"{given['value']:.2f}".replace("-", formatting.MINUS)
            cells.append(
                GridCell(
                    value=given["value"],
                    text=f"{text} ▼" if name == worst else text,
                    hover=f"{label} at {name}: {plain(given['value'])} {interval}, {given['patients']:,} patients",
                )
            )
            lines.append(
                (
                    label,
                    name,
                    plain(given["value"]),
                    interval.strip("()"),
                    f"{given['patients']:,}",
                    "worst" if name == worst else "",
                )
            )
        rows.append((label, cells))
    lowest = [cell.value for _, cells in rows for cell in cells if cell.value is not None]
    return grid_figure(
        key="by-hospital",
        title="Score at each hospital",
        caption="Sensitivity − (1 − specificity). Hospitals from the hardest, on the left, to the easiest; "
        f"▼ is a model’s worst.{found.of_models}{found.of_hospitals}",
        columns=found.hardest,
        rows=rows,
        scale=Scale(name="rising", low=math.floor(10 * min(lowest, default=0.0)) / 10, high=1),
        table=Table(columns=("model", "hospital", "score", "95 % interval", "patients", ""), rows=tuple(lines)),
        absent="No model is ranked yet.",
    )


def left_out(found: Transfer) -> Figure:
    """Ranks with every hospital left out in turn: lines that stay level do not hang on one hospital."""
    ranks = found.ranking.get("leave_one_hospital_out", {})
    places = ["all hospitals", *(name for name in found.hardest if name in ranks)]
    shown = {item["model"]: item["rank"] for item in found.shown}
    columns = [shown, *({model: ranks[name][model] for model in shown} for name in places[1:])]
    drawn = [_spread(column) for column in columns]
    roles = _apart([(model, role_of(found.model(model).slot)) for model in shown])
    traces = [
        go.Scatter(
            x=list(range(len(places))),
            y=[column[model] for column in drawn],
            mode="lines+markers",
            customdata=[f"rank {column[model]}" for column in columns],
            hovertemplate=f"{found.model(model).label}, %{{customdata}}<extra></extra>",
            meta={"role": roles[model]},
        )
        for model in shown
    ]
    last = len(places) - 1
    layout = go.Layout(
        height=150 + 30 * max(2, len(shown)),
        xaxis={
            "tickvals": list(range(len(places))),
            "ticktext": [places[0], *shortened(places[1:])],
            "tickangle": -45 if last > 2 else 0,
            "range": [-0.2, last + 0.2],
        },
        yaxis={"title": {"text": "rank"}, "autorange": "reversed", "tickformat": "d", "dtick": 1},
        margin={"t": 12, "r": 120, "b": 48, "l": 56},
        annotations=[
            {
                "x": last,
                "y": drawn[-1][model],
                "text": short(found.model(model).label),
                "name": roles[model],
                "xanchor": "left",
                "xshift": 10,
            }
            for model in shown
        ],
    )
    rows = tuple((found.model(model).label, *(str(column[model]) for column in columns)) for model in shown)
    return Figure(
        key="left-out",
        title="Ranks with one hospital left out",
        caption="Each column leaves out one hospital; equal ranks are drawn side by side."
        f"{found.of_models}{found.of_hospitals}",
        drawing=drawing(traces, layout),
        table=Table(columns=("model", *places), rows=rows if len(shown) > 1 and last else ()),
        absent=NOBODY if len(shown) < 2 else "With one hospital on the panel, none can be left out.",
    )


def _apart(roles: Sequence[tuple[str, str]]) -> dict[str, str]:
    """The best keep their colours; who would repeat one is drawn muted."""
    taken: set[str] = set()
    found = {}
    for model, role in roles:
        found[model] = "muted" if role in taken else role
        taken.add(role)
    return found


def _spread(ranks: dict[str, int]) -> dict[str, float]:
    """Equals share a rank; in the picture they lie a little apart."""
    seen: dict[int, int] = {}
    drawn = {}
    for model, rank in ranks.items():
        drawn[model] = rank + 0.25 * seen.get(rank, 0)
        seen[rank] = seen.get(rank, 0) + 1
    return drawn


def agreement(found: Transfer) -> Figure:
    """Kendall's τ-b of the models' order at two hospitals."""
    tau = found.ranking.get("kendall_tau", {})
    known = {(pair["a"], pair["b"]): pair["tau"] for pair in tau.get("pairs", ())}
    known |= {(b, a): value for (a, b), value in known.items()}
    names = found.hardest
    rows = [(one, [_tau(one, other, known.get((one, other))) for other in names]) for one in names]
    lines = [
        (a, b, "no order" if known[a, b] is None else plain(known[a, b] or 0.0))
        for index, a in enumerate(names)
        for b in names[index + 1 :]
        if (a, b) in known
    ]
    mean = tau.get("mean")
    said = "" if mean is None else f" Mean {plain(mean)}."
    return grid_figure(
        key="agreement",
        title="Agreement of hospitals on the order",
        caption="Kendall’s τ-b between the orders of the models at two hospitals: 1 the same order, 0 none, −1 turned "
        f"round.{said}{found.of_hospitals}",
        columns=names,
        rows=rows,
        scale=Scale(name="apart", low=-1, high=1),
        table=Table(columns=("hospital", "and", "τ-b"), rows=tuple(lines) if len(found.ranked) > 1 else ()),
        absent=NOBODY if len(found.ranked) < 2 else "It takes two hospitals.",
    )


def _tau(one: str, other: str, value: float | None) -> GridCell:
    if one == other:
        return GridCell()
    if value is None:
        return GridCell(text="–", hover=f"{one} and {other}: one of them tells no models apart")
    return GridCell(
        value=value, text=f"{value:.2f}".replace("-", formatting.MINUS), hover=f"{one} and {other}: τ-b {plain(value)}"
    )


def new_hospital(found: Transfer) -> Figure:
    """Differences to the first model at hospitals in general, and what one more hospital may show."""
    given = found.ranking.get("new_hospital", {})
    pairs: Sequence[Json] = given.get("pairs", ())
    first = found.ranked[0]["model"] if found.ranked else ""
    lines: list[Line] = []
    rows: list[tuple[str, ...]] = []
    for pair in pairs:
        turn = -1 if pair["b"] == first else 1
        if first not in (pair["a"], pair["b"]) or len(lines) >= 2 * len(found.shown):
            continue
        other = found.model(pair["b"] if turn > 0 else pair["a"]).label
        mean = {"low": pair["low"], "high": pair["high"], "value": pair["mean"]}
        one_more = {"low": pair["prediction_low"], "high": pair["prediction_high"], "value": pair["mean"]}
        for label, limits in ((other, mean), (f"{other}, one more", one_more)):
            shown = formatting.rate(_turned(limits, turn), unit=Unit.PLAIN)
            lines.append(Line(label=label, shown=shown, pooled=label == other))
        rows.append(
            (
                other,
                plain(turn * pair["mean"]),
                formatting.rate(_turned(mean, turn), unit=Unit.PLAIN).interval.strip("()") or pair["method"],
                "" if pair["p_adjusted"] is None else formatting.p_value(pair["p_adjusted"]),
                formatting.rate(_turned(one_more, turn), unit=Unit.PLAIN).interval.strip("()"),
            )
        )
    reach = max((abs(end) for line in lines for end in (line.shown.low, line.shown.high) if end is not None), default=1)
    figure = interval_figure(
        key="new-hospital",
        title="At other hospitals",
        caption=f"{found.model(first).label if first else ''} minus each other model. Diamond: the mean over hospitals "
        f"in general; dot: what one more hospital may show. {given.get('why', '')}".strip(),
        lines=lines,
        span=Span(title="difference of transfer scores", low=-reach, high=reach, scale=1, reference=0),
        role="text",
        absent=given.get("why") or NOBODY,
    )
    table = Table(columns=("against", "mean", "95 % interval", "adjusted p", "one more hospital"), rows=tuple(rows))
    return replace(figure, table=table)


def _turned(limits: Json, turn: int) -> Json:
    value, low, high = limits["value"], limits["low"], limits["high"]
    if turn < 0:
        value, low, high = -value, None if high is None else -high, None if low is None else -low
    return {"value": value, "low": low, "high": high, "n": None, "method": "paired t"}
