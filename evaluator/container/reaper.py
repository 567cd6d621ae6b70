"""Removes what a supervisor left behind: past its deadline, or of a process that is no more."""

from __future__ import annotations

import logging

from evaluator.container.engine import ContainerEngine, Owned
from evaluator.container.labels import supervisor_is_dead
from evaluator.errors import PlatformFault

GRACE_SECONDS = 60.0  # a living supervisor removes its own first

# What this process could not remove, because the engine did not answer.
left_behind: set[str] = set()

log = logging.getLogger(__name__)


def reap(engine: ContainerEngine, now: float) -> tuple[Owned, ...]:
    """Remove our containers and volumes that nobody waits for any more; ``now`` by `time.monotonic`.

    Call it when a worker starts and from its beat. What the engine will not remove now is tried at the next call.
    """
    # containers before volumes: a volume in use cannot be removed
    everything = engine.owned()
    left_behind.intersection_update(owned.name for owned in everything)
    late = sorted(
        (
            owned
            for owned in everything
            if now > owned.deadline + GRACE_SECONDS or supervisor_is_dead(owned.supervisor) or owned.name in left_behind
        ),
        key=lambda owned: owned.kind,
    )
    removed = []
    for owned in late:
        try:
            if owned.kind == "container":
                engine.remove(owned.name)
            else:
                engine.discard_output(owned.name)
        except PlatformFault as fault:
            log.warning("The reaper left %s %s: %s", owned.kind, owned.name, fault)
        else:
            left_behind.discard(owned.name)
            removed.append(owned)
    return tuple(removed)
