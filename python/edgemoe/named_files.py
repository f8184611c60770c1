"""Files that go by a name: models, and clips. Those of the folders EDGEMOE_MODEL_DIR and EDGEMOE_VIDEO_DIR, then those that came
with the package, as the command-line tool has it."""

from __future__ import annotations

import os
from pathlib import Path

from edgemoe.errors import InvalidArgumentError

__all__ = ["find_clip", "find_model", "list_models"]

_EXTENSION = ".safetensors"
_CLIP_EXTENSION = ".mp4"
_SHARED = Path(__file__).parent / "share" / "edgemoe"


def _folders(variable: str, packaged: str) -> list[Path]:
    chosen = os.environ.get(variable)
    return [Path(chosen), _SHARED / packaged] if chosen else [_SHARED / packaged]


def _model_folders() -> list[Path]:
    return _folders("EDGEMOE_MODEL_DIR", "models")


def list_models() -> list[str]:
    """Names that `load` knows."""
    return sorted({file.stem for folder in _model_folders() if folder.is_dir() for file in folder.glob("*" + _EXTENSION)})


def find_clip(name_or_path: str | os.PathLike[str]) -> Path:
    """The file that is meant: what is there under that name, else the clip of that name, else the path as it is."""
    path = Path(name_or_path)
    if path.name != os.fspath(name_or_path) or path.exists():
        return path
    candidates = (folder / (path.name + _CLIP_EXTENSION) for folder in _folders("EDGEMOE_VIDEO_DIR", "examples/videos"))
    return next((candidate for candidate in candidates if candidate.is_file()), path)


def find_model(name_or_path: str | os.PathLike[str]) -> Path:
    """The file that is meant: a path as it is, a name in the first folder that has it. Raises InvalidArgumentError."""
    path = Path(name_or_path)
    # What can be no name is a path, and whoever opens it says what is wrong with it. A folder does not hide a name.
    if path.suffix == _EXTENSION or path.name != os.fspath(name_or_path) or path.is_file():
        return path
    for folder in _model_folders():
        candidate = folder / (path.name + _EXTENSION)
        if candidate.is_file():
            return candidate
    if path.exists():
        return path
    known = ", ".join(list_models()) or "none"
    raise InvalidArgumentError(f'no model "{path}"; there are {known}, or give the path of a {_EXTENSION} file')
