"""The state of a run: everything that its next step depends on, in one file that is there whole or not at all."""
from pathlib import Path

import torch

from atomic import write_atomically
from layout import DataError

STATE = "state.pt"
# To be raised when a state or the settings in it mean something else than before.
FORMAT = 2
# A change of any other setting would make a resumed run another run. Of these some say where and how it is computed and
# what is told of it; the length may change too: the schedule then follows the new one. What `config` names is compared
# by its content.
MAY_CHANGE = frozenset(("run_dir", "config", "steps", "hours", "device", "threads", "val_every", "val_pictures",
                        "log_every", "save_minutes", "export_dtype"))


def save_state(state, run_dir):
    write_atomically(Path(run_dir) / STATE, lambda file: torch.save(dict(state, format=FORMAT), file))


def load_state(run_dir):
    """The last state of a run directory, or None where there is none. Raises DataError."""
    path = Path(run_dir) / STATE
    if not path.is_file():
        return None
    try:
        state = torch.load(path, map_location="cpu")
    except Exception as error:  # Whatever a damaged pickle leads to.
        raise DataError(f"{path}: cannot be read ({error}); start anew in another folder") from error
    found = state.get("format") if isinstance(state, dict) else None
    if found != FORMAT:
        raise DataError(f"{path}: is a state of format {found}, this trainer reads {FORMAT}: go on with the trainer that "
                        "wrote it, or start anew in another folder")
    return state


def check_same_run(saved, settings, path):
    """Raises DataError where the command or its data differ from what began the run in what must not change."""
    for name in sorted({*saved, *settings} - MAY_CHANGE):
        if saved.get(name) != settings.get(name):
            raise DataError(f"{path}: was begun with {name} = {saved.get(name)}, now {settings.get(name)}: resume with "
                            "the same values or choose another folder with -o")
