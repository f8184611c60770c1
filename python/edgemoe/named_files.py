"""Models by name: those of the folder EDGEMOE_MODEL_DIR, then those that came with the package, as the command-line tool has it."""

from __future__ import annotations

import os
from pathlib import Path

from edgemoe.errors import InvalidArgumentError

__all__ = ["find_model", "list_models"]

_EXTENSION = ".safetensors"


def _folders() -> list[Path]:
    packaged = Path(__file__).parent / "share" / "edgemoe" / "models"
    chosen = os.environ.get("EDGEMOE_MODEL_DIR")
    return [Path(chosen), packaged] if chosen else [packaged]


def list_models() -> list[str]:
    """Names that `load` knows."""
    return sorted({file.stem for folder in _folders() if folder.is_dir() for file in folder.glob("*" + _EXTENSION)})


def find_model(name_or_path: str | os.PathLike[str]) -> Path:
    """The file that is meant: a path as it is, a name in the first folder that has it. Raises InvalidArgumentError."""
    path = Path(name_or_path)
    # What can be no name is a path, and whoever opens it says what is wrong with it. A folder does not hide a name.
    if path.suffix == _EXTENSION or path.name != os.fspath(name_or_path) or path.is_file():
        return path
    for folder in _folders():
        candidate = folder / (path.name + _EXTENSION)
        if candidate.is_file():
            return candidate
    if path.exists():
        return path
    known = ", ".join(list_models()) or "none"
    raise InvalidArgumentError(f'no model "{path}"; there are {known}, or give the path of a {_EXTENSION} file')
