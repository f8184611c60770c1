"""Opening data sets of either layout, and dividing them into what is trained on and what validates."""
import hashlib
import json
from pathlib import Path

import numpy as np

from atomic import write_text_atomically
from data import ArrayData, Split, everything, hold_out
from dataset_json import check_classes, check_extents, read_description
from files import FileSet
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


class DataSource:
    """A data set of either layout with ground truth for `tasks`, of which all was checked that takes no reading of pixels.
    Raises DataError."""

    def __init__(self, folder, tasks, config, cache):
        self.folder, self.config, self.cache = Path(folder), config, cache
        if not self.folder.is_dir():
            raise DataError(f"{self.folder}: no such folder")
        have, description = tasks_of(self.folder), read_description(self.folder)
        check_classes(config, description, self.folder)
        missing = [task for task in tasks if task not in have]
        if missing:
            can = [task["name"] for task in config["tasks"] if task["name"] in have]
            raise DataError(f"{self.folder}: no ground truth for {', '.join(missing)} (it has: {', '.join(have) or 'none'}); "
                            f"choose with --tasks{' ' + ','.join(can) if can else ''}")
        for task in tasks:
            path = truth_path(self.folder, description.layout, task)
            if not path.exists():
                raise DataError(f'{path}: is not there, but "tasks" in dataset.json names {task}')
        if description.layout == "files":
            self.stored = FileSet(self.folder, tasks, config, cache)
        else:
            size = (config["input"]["height"], config["input"]["width"])
            self.stored = ArrayData.open(self.folder, tasks, size, description.ignore)
            check_extents(description, self.folder, len(self.stored), *size)

    def __len__(self):
        return len(self.stored)

    def open(self, say):
        """ArrayData in the network's size, packed first where it must be."""
        data = self.stored.open(say) if isinstance(self.stored, FileSet) else self.stored
        if "semseg" in data.arrays:
            outputs = next(task["outputs"] for task in self.config["tasks"] if task["name"] == "semseg")
            check_labels(data, outputs, self.folder, self.cache)
        return data


def plan_splits(settings, config, run_dir):
    """(training, validation) as the run's settings divide its data: Splits of DataSources, for open_splits()."""
    def source(folder):
        return DataSource(folder, settings["tasks"], config, Path(run_dir) / "cache")

    sources = [source(folder) for folder in settings["data"]]
    if settings["val"] is None:
        return hold_out(sources, settings["val_fraction"], settings["seed"])
    return everything(sources), everything([source(settings["val"])])


def open_splits(planned, say):
    """The Splits of plan_splits() with their data opened, each once."""
    sources = dict.fromkeys(source for split in planned for source, _ in split.subsets)
    opened = {source: source.open(say) for source in sources}
    return tuple(Split([(opened[source], index) for source, index in split.subsets]) for split in planned)
