"""Output volumes of one run after the other: the next one is made while a container runs, so that none waits for it."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

from evaluator.container.engine import ContainerEngine, OutputSpec
from evaluator.container.reaper import left_behind
from evaluator.errors import PlatformFault


class Outputs:
    """Makes output volumes, one ahead. Who takes one discards it; one that nobody took goes with the context."""

    def __init__(self, engine: ContainerEngine) -> None:
        self._engine = engine
        self._maker = ThreadPoolExecutor(1, thread_name_prefix="output")
        self._ahead: tuple[OutputSpec, Future[None]] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._drop()
        self._maker.shutdown()

    def make_ahead(self, spec: OutputSpec) -> None:
        """Begin to make a volume that will be taken later; there is one at most."""
        if self._ahead is None:
            self._ahead = spec, self._maker.submit(self._engine.make_output, spec)

    def take(self, spec: OutputSpec) -> OutputSpec:
        """A volume like ``spec``: one made ahead, if that worked and it is of this size and owner, else this one.

        Raises
        ------
        PlatformFault
            The engine did not make it.
        """
        if self._ahead and _shape(self._ahead[0]) == _shape(spec):
            (made, making), self._ahead = self._ahead, None
            if making.exception() is None:
                return made
            self._discard(made)
        self._drop()
        self._engine.make_output(spec)
        return spec

    def _drop(self) -> None:
        if self._ahead is None:
            return
        (spec, making), self._ahead = self._ahead, None
        making.exception()  # waits; that it was not made matters to nobody
        self._discard(spec)

    def _discard(self, spec: OutputSpec) -> None:
        try:
            self._engine.discard_output(spec.name)
        except PlatformFault:
            left_behind.add(spec.name)


def _shape(spec: OutputSpec) -> tuple[str, int, int]:
    return spec.owner, spec.bytes, spec.inodes
