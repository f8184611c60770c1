"""JSON files of the user's: strict, and every fault a DataError."""
import json

from layout import DataError


def members_once(pairs):
    members = dict(pairs)
    if len(members) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"the key {next(key for key in keys if keys.count(key) > 1)!r} stands twice in one object")
    return members


def no_number(text):
    raise ValueError(f"{text} is no number")


def read_json(path, max_bytes):
    """What the file `path` holds. Raises DataError, which names it."""
    try:
        if path.stat().st_size > max_bytes:
            raise DataError(f"{path}: larger than {max_bytes} bytes: not a {path.name} of edgemoe's")
        return json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=members_once, parse_constant=no_number)
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        raise DataError(f"{path}: not JSON: {error}") from error
    except RecursionError as error:
        raise DataError(f"{path}: not JSON of edgemoe's: too many brackets within each other") from error
