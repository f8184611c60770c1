"""Opening data sets of either layout, and dividing them into what is trained on and what validates."""
from pathlib import Path

from data import ArrayData, everything, hold_out
from dataset_json import check_extents, read_description
from files import pack_files
from layout import ARRAYS, DataError


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
        return pack_files(folder, tasks, config, cache, say)
    size = (config["input"]["height"], config["input"]["width"])
    data = ArrayData.open(folder, tasks, size, description.ignore)
    check_extents(description, folder, len(data), *size)
    return data


def open_splits(settings, config, run_dir, say):
    """(training, validation) as the run's settings divide its data."""
    cache = Path(run_dir) / "cache"
    sets = [open_data(folder, settings["tasks"], config, cache, say) for folder in settings["data"]]
    if settings["val"] is None:
        return hold_out(sets, settings["val_fraction"], settings["seed"])
    return everything(sets), everything([open_data(settings["val"], settings["tasks"], config, cache, say)])
