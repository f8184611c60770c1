"""dataset.json: what a data set says of itself, read and checked as `edgemoe eval` does (docs/eval.md)."""
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from json_file import read_json
from layout import IGNORE, TASKS, DataError

FORMAT = "edgemoe-dataset 1"
MAX_BYTES = 1 << 20
MAX_CLASSES = 255  # as many as fit into a label file beside "ignore"


@dataclass(frozen=True)
class Description:
    """None stands for what is not said."""

    layout: str = "files"
    classes: tuple = ()
    ignore: int = IGNORE  # a label that is not scored, beside 255
    count: Optional[int] = None
    height: Optional[int] = None
    width: Optional[int] = None
    tasks: Optional[tuple] = None


def read_description(folder):
    """The description in `folder`; that of a user's own files where there is none. Raises DataError."""
    path = Path(folder) / "dataset.json"
    if not path.is_file():
        return Description()
    stored = read_json(path, MAX_BYTES)
    try:
        return parse(stored)
    except DataError as error:
        raise DataError(f"{path}: {error}") from None


def parse(stored):
    if not isinstance(stored, dict):
        raise DataError("expected an object {…}")
    for key, expected in (("format", f'"{FORMAT}"'), ("layout", '"files" or "arrays"')):
        if stored.get(key) is None:
            raise DataError(f'"{key}" is missing; expected {expected}')
    if stored["format"] != FORMAT:
        raise DataError(f'"format" is not "{FORMAT}" but {stored["format"]!r}')
    layout, unit = text(stored, "layout"), text(stored, "depth_unit")
    if layout not in ("files", "arrays"):
        raise DataError(f'"layout" is {layout!r}; it must be "files" or "arrays"')
    if unit not in (None, "m"):
        raise DataError(f'"depth_unit": expected "m", found {unit!r}')
    classes, ignore, tasks = texts(stored, "classes") or (), integer(stored, "ignore", 0, 255), texts(stored, "tasks")
    if len(classes) > MAX_CLASSES:
        raise DataError(f'"classes": at most {MAX_CLASSES} fit into a label file, found {len(classes)}')
    for position, name in enumerate(classes):
        if name in classes[:position]:
            raise DataError(f'"classes": {name!r} stands there twice')
    for name in tasks or ():
        if name not in TASKS:
            raise DataError(f'"tasks": {name!r} is no task')
    return Description(layout=layout, classes=classes, ignore=IGNORE if ignore is None else ignore, tasks=tasks,
                       count=integer(stored, "count", 1, 2 ** 40), height=integer(stored, "height", 1, 2 ** 20),
                       width=integer(stored, "width", 1, 2 ** 20))


def text(stored, key):
    value = stored.get(key)
    if value is not None and not isinstance(value, str):
        raise DataError(f'"{key}": expected a text, found {value!r}')
    return value


def texts(stored, key):
    values = stored.get(key)
    if values is None:
        return None
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise DataError(f'"{key}": expected an array of texts, found {values!r}')
    return tuple(values)


def integer(stored, key, low, high):
    value = stored.get(key)
    if value is not None and (type(value) is not int or not low <= value <= high):
        raise DataError(f'"{key}": expected a whole number from {low} to {high}, found {value!r}')
    return value


def check_classes(config, description, folder):
    """A network for other classes than the data's is an error with the way out."""
    classes = list(description.classes)
    wanted = [task for task in config["tasks"] if task["name"] == "semseg"]
    if not wanted or not classes:
        return
    if len(classes) != wanted[0]["outputs"] or (wanted[0]["class_names"] and wanted[0]["class_names"] != classes):
        raise DataError(f"{folder}: has {len(classes)} classes ({', '.join(classes)}), configuration {config['name']} "
                        f"{wanted[0]['outputs']} ({', '.join(wanted[0]['class_names']) or 'without names'}): copy the "
                        "configuration and set the task's outputs and class_names to the data's")


def check_extents(description, folder, count, height=None, width=None):
    """What is there, of what the description says; None is not looked at. Raises DataError."""
    for name, found in (("count", count), ("height", height), ("width", width)):
        said = getattr(description, name)
        if said is not None and found is not None and said != found:
            raise DataError(f'{folder}/dataset.json: "{name}" is {said}, found {found}')
