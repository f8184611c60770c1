"""What a run returns, and what a model says of its tasks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Optional

import numpy as np
from numpy.typing import NDArray

__all__ = ["Maps", "Routing", "RunTimes", "Task"]


@dataclass(frozen=True)
class Task:
    """What a model says of one of its tasks."""

    name: str
    """"semseg", "human_parts", "sal", "normals", "edge" or "depth"."""
    outputs: int
    """Channels of the head; of tasks with classes their number."""
    unit: str
    """Of depth: "m", or "" where the model's values have no known unit."""
    class_names: tuple[str, ...]
    """Of tasks with classes, if known: the map holds indices into it."""
    class_colors: tuple[tuple[int, int, int], ...]
    """Of tasks with classes: red, green, blue of each, as previews show it."""


@dataclass(frozen=True)
class RunTimes:
    """Where the time of a run went, in nanoseconds."""

    resize_ns: int
    """Picture to the network's input."""
    backbone_ns: int
    """Patch embedding to last block, all tasks."""
    head_ns: int
    """Heads of all tasks."""
    maps_ns: int
    """Logits to the maps' size, activation."""


@dataclass(frozen=True, eq=False)
class Routing:
    """What one block's router chose for the patches of one picture."""

    task: str
    """Whose tokens these are; "" where one pass of the network serves every task."""
    block: int
    """Counted from 0, one of Model.moe_blocks."""
    experts: NDArray[np.int32]
    """(grid height, grid width, top_k): numbers of experts, the most fitting first."""
    weights: NDArray[np.float32]
    """The same shape: what each expert's answer is multiplied by."""


class Maps(dict[str, NDArray[Any]]):
    """The maps of one picture by task, in the order asked for, each as large as the picture.

    semseg, human_parts: uint8 (height, width), classes 0 … outputs − 1. depth (in the task's unit), edge, sal (in [0, 1]): float32
    (height, width). normals: float32 (height, width, 3), unit vectors. Every array owns the memory that the library filled: it
    may be kept, changed and passed on.
    """

    routing: list[Routing]
    """By block, within a block by task; empty unless asked for."""
    times: Optional[RunTimes]
    """Of `run`; None of `run_batch`, whose pictures are computed together."""

    def __init__(self, maps: dict[str, NDArray[Any]], routing: list[Routing] | None = None,
                 times: RunTimes | None = None) -> None:
        super().__init__(maps)
        self.routing = routing or []
        self.times = times

    def __reduce__(self) -> tuple[Any, ...]:
        return Maps, (dict(self), self.routing, self.times)
