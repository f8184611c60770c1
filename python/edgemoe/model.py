"""A loaded network, and what its runs return."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edgemoe import _core
from edgemoe.errors import InvalidArgumentError
from edgemoe.named_files import find_model
from edgemoe.picture import PictureLike, as_picture

__all__ = ["Maps", "Model", "Task", "load"]


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


class Maps(dict[str, NDArray[Any]]):
    """The maps of one picture by task, in the order asked for, each as large as the picture.

    semseg, human_parts: uint8 (height, width), classes 0 … outputs − 1. depth (in the task's unit), edge, sal (in [0, 1]): float32
    (height, width). normals: float32 (height, width, 3), unit vectors. Every array owns the memory that the library filled: it
    may be kept, changed and passed on.
    """


class Model:
    """A loaded network with the memory that it works in. `load` makes one.

    Threads may share a model: they run it one after the other. To run at the same time, load one model a thread, and divide the
    cores by num_threads. A model is pickled as its file's path and options, and loaded again where it is unpickled.
    """

    def __init__(self, path: str | os.PathLike[str], *, num_threads: int = 0, max_batch: int = 1,
                 instruction_set: str = "") -> None:
        self._path = Path(find_model(path)).absolute()
        self._options = {"num_threads": num_threads, "max_batch": max_batch, "instruction_set": instruction_set}
        self._core = _core.Model(os.fspath(self._path), num_threads, instruction_set, max_batch)
        info = self._core.info
        self._tasks = {task.name: Task(task.name, task.outputs, task.unit, tuple(task.class_names)) for task in info.tasks}

    @property
    def path(self) -> Path:
        """The model's file."""
        return self._path

    @property
    def name(self) -> str:
        """The name that the model's configuration gives it."""
        return self._core.info.name

    @property
    def tasks(self) -> dict[str, Task]:
        """Every task that the model has, by name, in the model's order."""
        return dict(self._tasks)

    @property
    def input_size(self) -> tuple[int, int]:
        """Height and width that the network computes at; pictures of any size are stretched to it."""
        return self._core.info.input_height, self._core.info.input_width

    @property
    def num_experts(self) -> int:
        """Experts of a block that has some; 0 where none has."""
        return self._core.info.num_experts

    @property
    def top_k(self) -> int:
        """Experts that a token is sent to."""
        return self._core.info.top_k

    @property
    def number_type(self) -> str:
        """What the network computes in."""
        return self._core.info.number_type

    @property
    def instruction_set(self) -> str:
        """The instructions that it computes by: "avx512vnni", "avx2", "neon", …"""
        return self._core.info.instruction_set

    @property
    def num_threads(self) -> int:
        """Threads that a run uses."""
        return self._core.info.num_threads

    @property
    def max_batch(self) -> int:
        """Pictures that run_batch computes together."""
        return self._options["max_batch"]

    def run(self, picture: PictureLike, tasks: Iterable[str] | None = None, *, bgr: bool = False) -> Maps:
        """Run the network on one picture.

        picture: an array (height, width, 3) of uint8 or uint16 in RGB (`bgr=True`: blue first, as OpenCV has it), a PIL image, or
        the path of a JPEG or PNG file. An array is read where it lies, if the pixels of its rows follow each other; any other view
        is copied first. It must not be written to during the run: other Python threads go on meanwhile.
        tasks: names, in the order wanted; None: all that the model has.

        Raises TypeError or ValueError for a picture of another type or shape, InvalidArgumentError for a task that is unknown or
        repeated, TooLargeError for more than 100 million pixels, and what read_picture raises.
        """
        return self.run_batch([picture], tasks, bgr=bgr)[0]

    def run_batch(self, pictures: Sequence[PictureLike], tasks: Iterable[str] | None = None, *,
                  bgr: bool = False) -> list[Maps]:
        """The same for several pictures of any sizes, `max_batch` of them computed together. The maps are the same as run's."""
        names = _task_names(tasks)
        arrays = [as_picture(picture, bgr) for picture in pictures]
        return [Maps(maps) for maps in self._core.run(arrays, names)]

    def write_preview(self, task: str, map: NDArray[Any], path: str | os.PathLike[str]) -> None:
        """Write a map as people look at it (class colours, depth in colours with a scale bar, …) to a PNG file.

        map: as run returns it for the task; label 255 ("ignore") is allowed. Raises InvalidArgumentError, MismatchError, IoError.
        """
        known = {info.name: info for info in self._core.info.tasks}
        if task not in known:
            raise InvalidArgumentError(f'no task "{task}"; the model has {", ".join(known)}')
        _core.write_preview(known[task], _checked_map(known[task], map), os.fspath(path))

    def __reduce__(self) -> tuple[Any, ...]:
        return _load_again, (os.fspath(self._path), self._options)

    def __repr__(self) -> str:
        return (f"<edgemoe.Model {self.name}: {', '.join(self._tasks)}; {self.number_type}, {self.instruction_set}, "
                f"{self.num_threads} threads, batch {self.max_batch}>")


def load(path: str | os.PathLike[str], *, num_threads: int = 0, max_batch: int = 1, instruction_set: str = "") -> Model:
    """Load a model.

    path: a file made by `edgemoe convert`, `quantize` or `new`, or a name of `list_models()`, such as "edgemoe-street".
    num_threads: 1 to 256; 0: as many as the process has cores to run on.
    max_batch: pictures that run_batch computes together, 1 to 1024; memory grows with it.
    instruction_set: "" for the best that the machine has, else one of it by name; another makes the error that lists them.

    Raises InvalidArgumentError, NotFoundError, MalformedError, MismatchError, UnsupportedError or TooLargeError, with the file's
    name.
    """
    return Model(path, num_threads=num_threads, max_batch=max_batch, instruction_set=instruction_set)


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


def _checked_map(task: _core.TaskInfo, map: NDArray[Any]) -> NDArray[Any]:
    """The map, where it has the type that maps of the task have: a preview never shows converted numbers."""
    array = np.asarray(map)
    wanted = np.uint8 if task.name in ("semseg", "human_parts") else np.float32
    if array.dtype != wanted:
        raise TypeError(f"map of {task.name}: expected an array of {np.dtype(wanted)}, found {array.dtype}")
    return array
