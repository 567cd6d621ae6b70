"""``worker``: a hospital's machine takes work from its own queue, runs it here, and sends numbers back."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import msgspec
import typer

from evaluator.cli import console
from evaluator.cli.run import default_state
from evaluator.errors import UsageError
from evaluator.wire import PublicKey, kept_key
from evaluator.worker.settings import KEY_FILE, Settings, read_settings

NEEDED = {
    "hospital": "--hospital",
    "broker": "--broker or EVALUATOR_BROKER",
    "platform_key": "--platform-key",
    "cohorts": "--cohort",
}


def register(app: typer.Typer) -> None:
    app.command("worker")(worker)


def hospital_state(state: Path | None) -> Path:
    """Where a hospital's worker keeps what must not be lost."""
    return (state or default_state() / "hospital").absolute()


def worker(
    *,
    hospital: str = typer.Option("", help="The short name that the platform gave this hospital."),
    broker: str = typer.Option(
        "", envvar="EVALUATOR_BROKER", show_envvar=True, help="amqps://USER:PASSWORD@HOST:PORT/VHOST."
    ),
    cohort: list[Path] = typer.Option([], help="A folder of cases, checked by `cohort check`; may be given again."),  # noqa: B008
    gpus: str | None = typer.Option(None, help="GPUs to run on, one run each, such as 0,1; without it on processors."),
    platform_key: str = typer.Option(
        "", envvar="EVALUATOR_PLATFORM_KEY", show_envvar=True, help="The platform's public key."
    ),
    code: str = typer.Option(
        "", envvar="EVALUATOR_JOIN", show_envvar=True, help="The code to join with, at the first start."
    ),
    registry: str | None = typer.Option(None, help="Where the platform keeps images, as HOST or HOST/PREFIX."),
    registry_auth: str = typer.Option("", envvar="EVALUATOR_REGISTRY_AUTH", hidden=True),
    ca: Path | None = typer.Option(None, help="The certificate that the broker's was signed with; else the system's."),  # noqa: B008
    images: Path | None = typer.Option(None, help="A folder of image archives that were brought on a disk."),  # noqa: B008
    base: str | None = typer.Option(None, help="An image with python3 that the doctor's probe runs in."),
    beat: float | None = typer.Option(None, min=0.2, help="Seconds from one sign of life of a run to the next."),
    log_days: float | None = typer.Option(None, min=0.0, help="How long containers' logs are kept here."),
    image_days: float | None = typer.Option(None, min=0.0, help="How long submissions' images are kept here."),
    insecure: bool | None = typer.Option(
        None, "--insecure", help="Let the connection be unencrypted: something else protects it."
    ),
    state: Path | None = typer.Option(None, help="Where keys, orders and all that left are kept."),  # noqa: B008
    dry_run: bool = typer.Option(False, "--dry-run", help="Do everything but send: write what would leave."),
) -> None:
    """Take orders, run submissions on the scans that lie here, and send case results: numbers only.

    What was given at the first start is kept in the state folder, readable by its owner only; later starts need no
    option. `outbox` shows every message that left, `desk` pauses and refuses. With --dry-run orders are taken and
    carried out, and what would leave is written below STATE/dry-run/leaving instead.
    """
    from evaluator.worker import service  # noqa: PLC0415 - Celery is an extra

    place = hospital_state(state)
    given = {
        "hospital": hospital,
        "broker": broker,
        "platform_key": platform_key,
        "cohorts": tuple(str(folder.absolute()) for folder in cohort),
        "gpus": None if gpus is None else tuple(id_.strip() for id_ in gpus.split(",") if id_.strip()),
        "registry": registry,
        "registry_auth": registry_auth,
        "ca": ca and str(ca.absolute()),
        "images": images and str(images.absolute()),
        "base": base,
        "beat": beat,
        "log_days": log_days,
        "image_days": image_days,
        "insecure": insecure,
    }
    settings = _settings({name: value for name, value in given.items() if value not in (None, "", ())}, place)
    if gpus == "":
        settings = msgspec.structs.replace(settings, gpus=())
    PublicKey(settings.platform_key)
    console.note(f"Hospital {settings.hospital}, state in {place}.")
    if code:
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
        fingerprint = kept_key(place / KEY_FILE).public.fingerprint
        console.note(f"This hospital's key has the fingerprint {fingerprint}. Compare it with what the platform shows.")
    for name in ("EVALUATOR_BROKER", "EVALUATOR_JOIN", "EVALUATOR_REGISTRY_AUTH"):
        os.environ.pop(name, None)  # no other process of ours needs them
    service.set_up_logging()
    service.serve(settings, state=place, code=code, dry_run=dry_run)


def _settings(given: dict[str, Any], state: Path) -> Settings:
    """What was given now, and for the rest what was kept from an earlier start."""
    kept = read_settings(state)
    if kept is not None:
        return msgspec.structs.replace(kept, **given)
    missing = [option for name, option in NEEDED.items() if name not in given]
    if missing:
        raise UsageError(
            f"The first start of a hospital's worker needs {', '.join(missing)}.",
            why=f"Nothing of an earlier start is kept in {state}.",
            next_step="Copy the line that the platform's `hospital enrol` printed.",
        )
    return Settings(**given)
