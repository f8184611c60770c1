"""The state of a run: everything that its next step depends on, in one file that is there whole or not at all."""
import os
import pickle
from pathlib import Path

import torch

from layout import DataError

STATE = "state.pt"
# A change of one of these would make a resumed run another run. The length may change: the schedule then follows
# the new one.
FIXED = ("tasks", "batch", "lr", "optimizer", "seed", "precision", "share", "one_router", "start_from", "data",
         "val", "workers")


def save_atomically(value, path):
    """Written under a temporary name, forced to the disk, renamed."""
    path = Path(path)
    making = path.with_name(f"{path.name}.making")
    with making.open("wb") as file:
        torch.save(value, file)
        file.flush()
        os.fsync(file.fileno())
    making.replace(path)


def load_state(run_dir):
    """The last state of a run directory, or None where there is none."""
    path = Path(run_dir) / STATE
    if not path.is_file():
        return None
    try:
        return torch.load(path, map_location="cpu")
    except (RuntimeError, OSError, EOFError, KeyError, pickle.UnpicklingError) as error:
        raise DataError(f"{path}: cannot be read ({error}); start anew in another folder") from error


def check_same_run(saved, settings, path):
    """Raises DataError where the command differs from the one that began the run in what must not change."""
    for name in FIXED:
        if saved.get(name) != settings.get(name):
            raise DataError(f"{path}: was begun with {name} = {saved.get(name)}, now {settings.get(name)}: resume with the "
                            "same values or choose another folder with -o")
