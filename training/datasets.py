"""Opening data sets of either layout, and dividing them into what is trained on and what validates."""
from pathlib import Path

from data import ArrayData, everything, hold_out, read_description
from files import pack_files
from layout import ARRAYS, DataError


def tasks_of(folder):
    """Tasks that a data set has ground truth for."""
    folder, description = Path(folder), read_description(folder)
    if description.get("layout") == "arrays":
        return [task for task, (name, _, _) in ARRAYS.items() if (folder / f"{name}.npy").is_file()]
    return [task for task, (name, _, _) in ARRAYS.items() if (folder / name).is_dir()]


def open_data(folder, tasks, config, cache, say):
    """A data set of either layout with ground truth for `tasks`, in the network's size."""
    folder = Path(folder)
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder")
    have = tasks_of(folder)
    missing = [task for task in tasks if task not in have]
    if missing:
        raise DataError(f"{folder}: no ground truth for {', '.join(missing)} (it has: {', '.join(have) or 'none'}); "
                        f"choose with --tasks")
    if read_description(folder).get("layout") == "arrays":
        return ArrayData.open(folder, tasks, (config["input"]["height"], config["input"]["width"]))
    return pack_files(folder, tasks, config, cache, say)


def open_splits(settings, config, run_dir, say):
    """(training, validation) as the run's settings divide its data."""
    cache = Path(run_dir) / "cache"
    sets = [open_data(folder, settings["tasks"], config, cache, say) for folder in settings["data"]]
    if settings["val"] is None:
        return hold_out(sets, settings["val_fraction"], settings["seed"])
    return everything(sets), everything([open_data(settings["val"], settings["tasks"], config, cache, say)])
