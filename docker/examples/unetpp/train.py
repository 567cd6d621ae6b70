"""Train on some hospitals' cohorts, look now and then at others', and write the weights and their record.

In docker/examples/, with the project installed:
    python -m unetpp.train --train DIR… --watch DIR… [--begin-with DIR] [--steps 2000] [--minutes M] [--seed 1]
    python -m unetpp.calibrate DIR… [--device auto] [--out unetpp]
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from unetpp.calibrate import judge, summary
from unetpp.cases import Case, read_cases
from unetpp.loss import supervised_loss, suspicion
from unetpp.network import LESION, UNetPlusPlus, choose_device, load_network, save_weights
from unetpp.patches import Batch, Patches
from unetpp.record import Settings, write_record

WEIGHTS, RECORD = "weights.npz", "training.json"
TELL_EVERY, LOOK_EVERY = 100, 600  # steps: the loss, and what it is worth at hospitals that are watched


@dataclass(frozen=True)
class Trained:
    network: UNetPlusPlus
    curve: list[dict[str, float]] = field(default_factory=list)


def train(
    cases: Sequence[Case],
    settings: Settings,
    *,
    device: torch.device,
    look: Callable[[UNetPlusPlus], dict[str, float]] | None = None,
    minutes: float = np.inf,
    begin_with: UNetPlusPlus | None = None,
) -> Trained:
    """AdamW; what is kept is the running mean of the weights, so that training may end at any step or ``minutes``."""
    torch.manual_seed(settings.seed)
    network = (begin_with or UNetPlusPlus()).to(device, memory_format=torch.channels_last_3d)
    optimiser = torch.optim.AdamW(network.parameters(), lr=settings.rate, weight_decay=settings.decay)
    warm = settings.warm
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min((step + 1) / warm, (warm / (step + 1)) ** 0.5)
    )
    mean = AveragedModel(network, multi_avg_fn=get_ema_multi_avg_fn(settings.memory), use_buffers=True)
    trained = Trained(mean.module)
    losses = []
    began = time.monotonic()
    patches = Patches(cases)
    for step, batch in enumerate(batches(patches, settings), start=1):
        network.train()
        with torch.autocast(device.type, torch.bfloat16, enabled=settings.bfloat16):
            heads = network(batch.images.to(device, memory_format=torch.channels_last_3d))
        loss = supervised_loss([logits.float() for logits in heads], batch.classes.to(device))
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), settings.clip)
        optimiser.step()
        schedule.step()
        mean.update_parameters(network)
        losses.append(loss.item())
        lesion = heads[-1].detach().float().softmax(dim=1)[:, LESION]
        patches.learn(batch.choice, suspicion(lesion, torch.ones_like(lesion, dtype=torch.bool)).tolist())
        last = step == settings.steps or time.monotonic() - began > 60 * minutes
        if step % TELL_EVERY == 0 or last:
            point = {"step": step, "loss": round(float(np.mean(losses)), 4)}
            if look and (step % LOOK_EVERY == 0 or last):
                point |= look(mean.module.eval())
            trained.curve.append(point | {"seconds": round(time.monotonic() - began)})
            print(trained.curve[-1], flush=True)
            losses.clear()
        if last:
            break
    return trained


def batches(patches: Patches, settings: Settings) -> Iterator[Batch]:
    """The next batch is drawn while the network learns from this one; what it shows is chosen before."""
    rng = np.random.default_rng(settings.seed)
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(patches.draw, patches.choose(settings.batch, rng=rng), rng=rng)
        for left in reversed(range(settings.steps)):
            drawn = coming.result()
            if left:
                coming = pool.submit(patches.draw, patches.choose(settings.batch, rng=rng), rng=rng)
            yield drawn


def main() -> None:
    cores = len(os.sched_getaffinity(0))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", type=Path, nargs="+", required=True, help="cohort folders to learn from")
    parser.add_argument("--watch", type=Path, nargs="+", required=True, help="cohort folders of other hospitals")
    parser.add_argument("--begin-with", type=Path, help="folder of weights and their record; default: none")
    parser.add_argument("--steps", type=int, default=Settings.steps)
    parser.add_argument("--minutes", type=float, default=np.inf, help="after which it ends, at whatever step")
    parser.add_argument("--seed", type=int, default=Settings.seed)
    parser.add_argument("--threads", type=int, default=cores, help="of the processor; default: all there are")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    told = parser.parse_args()
    if shared := {path.resolve() for path in told.train} & {path.resolve() for path in told.watch}:
        parser.error(f"{min(shared)} is to be trained on and watched: name other hospitals to --watch.")
    cases = read_cases(told.train, workers=cores)
    watched = [case for case in read_cases(told.watch, workers=cores) if case.index_scan]
    print(f"{len(cases)} training scans, {len(watched)} watched", flush=True)
    torch.set_num_threads(told.threads)
    began = time.monotonic()
    device = choose_device(told.device)
    settings = Settings(steps=told.steps, seed=told.seed)
    few = watched[:: max(1, len(watched) // 24)]
    trained = train(
        cases,
        settings,
        device=device,
        look=lambda network: summary(judge(network, few, device)),
        minutes=told.minutes,
        begin_with=load_network(told.begin_with / WEIGHTS, device) if told.begin_with else None,
    )
    weights = told.out / WEIGHTS
    save_weights(trained.network, weights)
    write_record(
        told.out / RECORD,
        settings=replace(settings, steps=int(trained.curve[-1]["step"])),
        cohorts={"training": told.train, "watched": told.watch},
        cases={"training": cases, "watched": few},
        curve=trained.curve,
        weights=weights,
        network=trained.network,
        device=device,
        seconds=time.monotonic() - began,
        before=told.begin_with and told.begin_with / RECORD,
    )


if __name__ == "__main__":
    main()
