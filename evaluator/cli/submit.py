"""``submit``: hand an image in, as the website's form does."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from evaluator.cli import console, weighted
from evaluator.cli.run import default_state
from evaluator.cli.site import Site
from evaluator.cli.status import TOKEN, URL, follow, show
from evaluator.container.archive import resolve_image
from evaluator.container.docker_engine import DockerEngine
from evaluator.container.weights import read_weights
from evaluator.errors import UsageError


def register(app: typer.Typer) -> None:
    app.command("submit")(submit)


def submit(
    image: Annotated[str, typer.Argument(help="An archive that `docker save` wrote, or an image of the engine here.")],
    *,
    to: Annotated[str, URL],
    model: Annotated[str, typer.Option(help="Its name on the leaderboard; once a team.")],
    token: Annotated[str, TOKEN] = "",
    team: Annotated[str, typer.Option(help="Which of your teams; not needed where you are in one.")] = "",
    benchmark: Annotated[str, typer.Option(help="For which; not needed where there is one.")] = "",
    contract: Annotated[str, typer.Option(help="folder or grand-challenge.")] = "folder",
    weights: Annotated[Path | None, typer.Option(help=weighted.HELP)] = None,
    threshold: Annotated[float, typer.Option(min=0, max=1, help="A patient is flagged above this likelihood.")] = 0.5,
    prevalence: Annotated[float | None, typer.Option(help="That its likelihoods are made for.")] = None,
    trained_on: Annotated[list[str] | None, typer.Option(help="A hospital whose scans were trained on.")] = None,
    version_of: Annotated[str, typer.Option(help="Your accepted model that this is the next version of.")] = "",
    private: Annotated[bool, typer.Option("--private", help="Do not publish its numbers.")] = False,
    agree: Annotated[int, typer.Option(help="The version of the terms that you have read and agree to.")] = 0,
    state: Annotated[Path | None, typer.Option(help="Where uploads under way are remembered.")] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Stay, and tell how it goes.")] = False,
    json: bool = console.JSON_OPTION,
) -> None:
    """Upload an image and hand it in. A broken upload goes on where it stopped when this is called again."""
    site = Site(to, token)
    team = team or _only("team", [one["slug"] for one in site.get("me")["teams"]])
    offered = {one["slug"]: one for one in site.get("benchmarks")}
    benchmark = benchmark or _only("benchmark", list(offered))
    _require_agreement(agree, offered.get(benchmark, {}).get("terms"), site)
    if weights is not None:
        read_weights(weights)
    notes = (state or default_state()) / "uploads.json"
    with _archive(image) as path:
        upload = _upload(site, path, notes)
    apart = _upload(site, weights, notes) if weights else None
    found = site.post(
        "submissions",
        {
            "team": team,
            "benchmark": benchmark,
            "model": model,
            "upload": upload,
            "weights": apart,
            "contract": contract,
            "threshold": threshold,
            "declared_prevalence": prevalence,
            "trained_on": trained_on or [],
            "public": not private,
            "version_of": version_of,
            "terms": agree,
        },
    )
    if watch:
        follow(site, found["id"], as_json=json)
    else:
        show(site, found, as_json=json)


def _upload(site: Site, path: Path, notes: Path) -> str:
    with console.progress(f"Uploading {path.name}", path.stat().st_size) as advance:
        return site.upload(path, notes=notes, advance=advance)


def _only(what: str, names: list[str]) -> str:
    if len(names) == 1:
        return names[0]
    many = f"There are {', '.join(names)}." if names else "There is none."
    raise UsageError(f"Which {what}?", why=many, next_step=f"Say it with --{what}.")


def _require_agreement(agreed: int, version: Any, site: Site) -> None:
    if version is not None and agreed != version:
        raise UsageError(
            f"Version {version} of the terms is in force.",
            why="Nothing is taken in without your agreement.",
            next_step=f"Read them at {site.page('/terms/')}, then say --agree {version}.",
        )


@contextmanager
def _archive(image: str) -> Iterator[Path]:
    """The file, or the engine's image written to one for a while."""
    if Path(image).is_file():
        yield Path(image)
        return

    console.note(f"{image} is not a file, so an image in the engine; it is written to one first.")
    engine = DockerEngine()
    digest = resolve_image(engine, image).digest
    with tempfile.TemporaryDirectory(prefix="submit-") as folder:
        path = Path(folder) / f"{digest.removeprefix('sha256:')[:12]}.tar"
        with path.open("wb") as file:
            file.writelines(engine.save_image(digest))
        yield path
