"""Opening data sets of either layout, and dividing them into what is trained on and what validates."""
import hashlib
import json
from pathlib import Path

import numpy as np

from atomic import write_text_atomically
from data import ArrayData, everything, hold_out
from dataset_json import check_extents, read_description
from files import pack_files
from layout import ARRAYS, IGNORE, DataError

LABELS_AT_ONCE = 1 << 24


def truth_path(folder, layout, task):
    """The task's array, or the folder of its files."""
    name = ARRAYS[task][0]
    return folder / (f"{name}.npy" if layout == "arrays" else name)


def tasks_of(folder):
    """Tasks that a data set has ground truth for: those that dataset.json names, else those whose files are there."""
    folder, description = Path(folder), read_description(folder)
    if description.tasks is not None:
        return [task for task in ARRAYS if task in description.tasks]
    return [task for task in ARRAYS if truth_path(folder, description.layout, task).exists()]


def largest_label(path, labels, ignore, cache):
    """The largest class number in the array `labels` of the file `path`, -1 where all is ignored. It takes a reading of
    the whole file, so `cache` remembers it for the file as it is."""
    status = path.stat()
    read_from = ["largest label", str(path.resolve()), status.st_size, status.st_mtime_ns, ignore]
    remembered = Path(cache) / f"{hashlib.sha256(json.dumps(read_from).encode()).hexdigest()[:16]}.json"
    try:
        return int(json.loads(remembered.read_text())["largest_label"])
    except (OSError, ValueError, KeyError, TypeError):
        pass  # Not there, or not whole.
    largest, pictures = -1, max(1, LABELS_AT_ONCE // labels[0].size)
    for begin in range(0, len(labels), pictures):
        some = labels[begin:begin + pictures]
        largest = max(largest, int(np.where((some == ignore) | (some == IGNORE), -1, some.astype(np.int16)).max()))
    remembered.parent.mkdir(parents=True, exist_ok=True)
    write_text_atomically(remembered, json.dumps({"largest_label": largest, "of": str(path)}) + "\n")
    return largest


def check_labels(data, outputs, folder, cache):
    """Raises DataError where a label of `data`, which was opened from `folder`, is no class of the network."""
    labels = data.arrays["semseg"]
    largest = largest_label(data.folder / f"{ARRAYS['semseg'][0]}.npy", labels, data.ignore, cache)
    if largest < outputs:
        return
    picture = next(number for number, values in enumerate(labels) if (values == largest).any())
    raise DataError(f"{folder}: label {largest} in picture {picture} (the first is 0); the configuration has "
                    f"{outputs} classes, 0 to {outputs - 1}, and {data.ignore} means ignore")


def open_data(folder, tasks, config, cache, say):
    """A data set of either layout with ground truth for `tasks`, in the network's size."""
    folder = Path(folder)
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder")
    have, description = tasks_of(folder), read_description(folder)
    missing = [task for task in tasks if task not in have]
    if missing:
        raise DataError(f"{folder}: no ground truth for {', '.join(missing)} (it has: {', '.join(have) or 'none'}); "
                        f"choose with --tasks")
    for task in tasks:
        path = truth_path(folder, description.layout, task)
        if not path.exists():
            raise DataError(f'{path}: is not there, but "tasks" in dataset.json names {task}')
    if description.layout == "files":
        data = pack_files(folder, tasks, config, cache, say)
    else:
        size = (config["input"]["height"], config["input"]["width"])
        data = ArrayData.open(folder, tasks, size, description.ignore)
        check_extents(description, folder, len(data), *size)
    if "semseg" in tasks:
        outputs = next(task["outputs"] for task in config["tasks"] if task["name"] == "semseg")
        check_labels(data, outputs, folder, cache)
    return data


def open_splits(settings, config, run_dir, say):
    """(training, validation) as the run's settings divide its data."""
    cache = Path(run_dir) / "cache"
    sets = [open_data(folder, settings["tasks"], config, cache, say) for folder in settings["data"]]
    if settings["val"] is None:
        return hold_out(sets, settings["val_fraction"], settings["seed"])
    return everything(sets), everything([open_data(settings["val"], settings["tasks"], config, cache, say)])
