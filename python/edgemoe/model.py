"""A loaded network."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgemoe import _core
from edgemoe.errors import InvalidArgumentError
from edgemoe.maps import Maps, Routing, RunTimes, Task
from edgemoe.named_files import find_model
from edgemoe.picture import PictureLike, as_picture

__all__ = ["Model", "load"]


class Model:
    """A loaded network with the memory that it works in. `load` makes one.

    Threads may share a model: they run it one after the other. To run at the same time, load one model a thread, and divide the
    cores by num_threads. A model is pickled as its file's path and options, and loaded again where it is unpickled.
    """

    def __init__(self, path: str | os.PathLike[str], *, num_threads: int = 0, number_type: str = "", max_batch: int = 1,
                 instruction_set: str = "") -> None:
        """See `load`."""
        self._path = Path(find_model(path)).absolute()
        self._options: dict[str, Any] = {"num_threads": num_threads, "number_type": number_type, "max_batch": max_batch,
                                         "instruction_set": instruction_set}
        self._core = _core.Model(path=os.fspath(self._path), **self._options)
        self._info = self._core.info
        self._tasks = {task.name: task for task in self._info.tasks}

    @property
    def path(self) -> Path:
        """The model's file."""
        return self._path

    @property
    def name(self) -> str:
        """The name that the model's configuration gives it."""
        return self._info.name

    @property
    def tasks(self) -> dict[str, Task]:
        """Every task that the model has, by name, in the model's order."""
        return {task.name: Task(task.name, task.outputs, task.unit, tuple(task.class_names),
                                tuple((red, green, blue) for red, green, blue in task.class_colors))
                for task in self._info.tasks}

    @property
    def input_size(self) -> tuple[int, int]:
        """Height and width that the network computes at; pictures of any size are stretched to it."""
        return self._info.input_height, self._info.input_width

    @property
    def patch_size(self) -> int:
        """Side of a patch, of which each becomes a token, in pixels of input_size."""
        return self._info.patch_size

    @property
    def num_blocks(self) -> int:
        """Blocks of the network."""
        return self._info.num_blocks

    @property
    def moe_blocks(self) -> list[int]:
        """Those with experts, counted from 0."""
        return self._info.moe_blocks

    @property
    def num_experts(self) -> int:
        """Experts of a block that has some; 0 where none has."""
        return self._info.num_experts

    @property
    def top_k(self) -> int:
        """Experts that a token is sent to."""
        return self._info.top_k

    @property
    def trained(self) -> bool:
        """False: the file says of itself that its weights are random."""
        return self._info.trained

    @property
    def number_type(self) -> str:
        """What the network computes in: "float32", "int8" or "reference"."""
        return self._info.number_type

    @property
    def instruction_set(self) -> str:
        """The instructions that it computes by: "avx512vnni", "avx2", "neon", …"""
        return self._info.instruction_set

    @property
    def num_threads(self) -> int:
        """Threads that a run uses."""
        return self._info.num_threads

    @property
    def max_batch(self) -> int:
        """Pictures that run_batch computes together."""
        return int(self._options["max_batch"])

    def run(self, picture: PictureLike, tasks: Iterable[str] | None = None, *, bgr: bool = False, max_map_side: int = 0,
            routing: bool = False) -> Maps:
        """Run the network on one picture.

        picture: an array (height, width, 3) of uint8 or uint16 in RGB, a PIL image, or the path of a JPEG or PNG file. An array is
        read where it lies if the pixels of its rows follow each other; any other view is copied first. It must not be written to
        during the run: other Python threads go on meanwhile.
        tasks: names, in the order wanted; None: all that the model has.
        bgr: arrays have blue first, as OpenCV's.
        max_map_side: maps of larger pictures are made this long on the longer side; 0: as large as the picture, whatever it is.
        routing: report which experts the routers chose. The maps are the same.

        Raises TypeError or ValueError for a picture of another type or shape, InvalidArgumentError for a task that is unknown or
        repeated, TooLargeError for more than 100 million pixels, and what read_picture raises.
        """
        names = _task_names(tasks)
        if max_map_side < 0:
            raise ValueError(f"max_map_side: expected 0 (no bound) or a number of pixels, found {max_map_side}")
        maps, routings, times = self._core.run(as_picture(picture, bgr), names, max_map_side, routing)
        return Maps(maps, [Routing(*one) for one in routings], RunTimes(*times))

    def run_batch(self, pictures: Sequence[PictureLike], tasks: Iterable[str] | None = None, *,
                  bgr: bool = False) -> list[Maps]:
        """The same for several pictures of any sizes, `max_batch` of them computed together. The maps are those of run."""
        if isinstance(pictures, (str, os.PathLike)) or getattr(pictures, "ndim", 4) == 3:
            raise TypeError("pictures: expected several of them, found one; write [picture], or use run")
        names = _task_names(tasks)
        return [Maps(maps) for maps in self._core.run_batch([as_picture(picture, bgr) for picture in pictures], names)]

    def write_preview(self, task: str, map: NDArray[Any], path: str | os.PathLike[str]) -> None:
        """Write a map as people look at it (class colours, depth in colours with a scale bar, …) to a PNG file.

        map: as run returns it for the task; label 255 ("ignore") is allowed. Raises InvalidArgumentError, MismatchError, IoError.
        """
        _core.write_preview(self._task(task), _checked_map(task, map), os.fspath(path))

    def draw_map(self, task: str, map: NDArray[Any]) -> NDArray[np.uint8]:
        """The same as a picture (height, width, 3) of the map's size, without the scale bar."""
        return _core.draw_map(self._task(task), _checked_map(task, map))

    def draw_overlay(self, picture: PictureLike, task: str, map: NDArray[Any], *, alpha: float = 0.5,
                     bgr: bool = False) -> NDArray[np.uint8]:
        """The map's colours over the picture that it was made from; alpha in [0, 1] is the colours' part.

        Raises what draw_map raises, and MismatchError where the sizes differ.
        """
        return _core.draw_overlay(as_picture(picture, bgr), self._task(task), _checked_map(task, map), alpha)

    def _task(self, name: str) -> _core.TaskInfo:
        if name not in self._tasks:
            raise InvalidArgumentError(f'no task "{name}"; the model has {", ".join(self._tasks)}')
        return self._tasks[name]

    def __reduce__(self) -> tuple[Any, ...]:
        return _load_again, (os.fspath(self._path), self._options)

    def __repr__(self) -> str:
        return (f"<edgemoe.Model {self.name}: {', '.join(self._tasks)}; {self.number_type}, {self.instruction_set}, "
                f"{self.num_threads} threads, batch {self.max_batch}>")


def load(path: str | os.PathLike[str], *, num_threads: int = 0, number_type: str = "", max_batch: int = 1,
         instruction_set: str = "") -> Model:
    """Load a model.

    path: a file made by `edgemoe convert`, `quantize` or `new`, or a name of `list_models()`, such as "edgemoe-street".
    num_threads: 1 to 256; 0: as many as the process has cores to run on.
    number_type: "float", "int8" (the accelerator's integers), "reference" (the same, slowly); "": what the file holds.
    max_batch: pictures that run_batch computes together, 1 to 1024; memory grows with it.
    instruction_set: "" for the best that the machine has, else one of it by name; another makes the error that lists them.

    Raises InvalidArgumentError, NotFoundError, MalformedError, MismatchError, UnsupportedError or TooLargeError, with the file's
    name.
    """
    return Model(path, num_threads=num_threads, number_type=number_type, max_batch=max_batch,
                 instruction_set=instruction_set)


def _load_again(path: str, options: dict[str, Any]) -> Model:
    return Model(path, **options)


def _task_names(tasks: Iterable[str] | None) -> list[str]:
    if tasks is None:
        return []
    if isinstance(tasks, str):
        raise TypeError(f'tasks: expected a list of names, found the text "{tasks}"; write ["{tasks}"]')
    names = list(tasks)
    if not names:
        raise ValueError("tasks: expected at least one name, found none; leave tasks out for all of them")
    if not all(isinstance(name, str) for name in names):
        raise TypeError(f"tasks: expected names, found {names!r}")
    return names


def _checked_map(task: str, map: NDArray[Any]) -> NDArray[Any]:
    """The map, where it has the type that maps of the task have: a preview never shows converted numbers."""
    array = np.asarray(map)
    wanted = np.uint8 if task in ("semseg", "human_parts") else np.float32
    if array.dtype != wanted:
        raise TypeError(f"map of {task}: expected an array of {np.dtype(wanted)}, found {array.dtype}")
    return array
