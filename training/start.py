"""Weights to start from: a model file of edgemoe (safetensors; docs/model-format.md says what is in it)."""
import json
import math
from pathlib import Path

import numpy as np
import torch

from configuration import check_config
from layout import DataError
from model import has_log_depth

WIDTHS = {"F32": ("<f4", 4), "F16": ("<f2", 2), "BF16": ("<u2", 2)}
MAX_HEADER = 8 << 20


def read_model(path):
    """(configuration, {name: float32 tensor}). Raises DataError for a file that is none."""
    path = Path(path)
    try:
        header, start = read_header(path)
        config = json.loads(header.pop("__metadata__")["edgemoe.config"])
        check_config(config)
        data = np.memmap(path, np.uint8, "r")
        tensors = {name: read_tensor(data, start, entry) for name, entry in header.items()}
    except OSError as error:
        raise DataError(f"{path}: {error}") from error
    except (DataError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DataError(f"{path}: not a model of edgemoe: {type(error).__name__}: {error}") from error
    return config, tensors


def read_header(path):
    """(header, where the tensors begin). The file's size and the header's length are checked before it is read."""
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if not 2 <= length <= min(MAX_HEADER, size - 8):
            raise ValueError(f"a header of {length} bytes in a file of {size}")
        return json.loads(file.read(length)), 8 + length


def read_tensor(data, start, entry):
    """A tensor of its own in float32 from the mapped bytes `data`."""
    dtype, width = WIDTHS[entry["dtype"]]
    begin, end = entry["data_offsets"]
    count = math.prod(entry["shape"])
    if not 0 <= begin <= end <= len(data) - start or end - begin != count * width:
        raise ValueError(f"a tensor of shape {entry['shape']} at bytes {begin} to {end}")
    value = np.frombuffer(data, dtype, count, start + begin)
    if entry["dtype"] == "BF16":
        value = (value.astype(np.uint32) << 16).view(np.float32)
    return torch.from_numpy(value.astype(np.float32).reshape(entry["shape"]))


def stored_name(name, config, stored_config):
    """What `name` of a network with `config` is called in a file: routers are numbered by the tasks' order there."""
    words = name.split(".")
    if words[-1] != "w_gate" or not words[-2].isdigit():
        return name
    task = config["tasks"][int(words[-2])]["name"]
    stored = [entry["name"] for entry in stored_config["tasks"]]
    words[-2] = str(stored.index(task)) if task in stored else "none"
    return ".".join(words)


def start_from(model, path):
    """Puts the file's weights into `model`; returns the names of what stays as it was: decoders and routers of tasks
    that the file does not have, or has with another number of outputs. Raises DataError where the file's backbone is
    another network's, or its depth has another unit.
    """
    stored_config, tensors = read_model(path)
    own, untouched = model.state_dict(), []
    for name, value in own.items():
        if name.endswith("num_batches_tracked"):
            continue
        stored = tensors.get(stored_name(name, model.config, stored_config))
        if stored is not None and stored.shape == value.shape:
            value.copy_(stored)
        elif name.startswith("decoders.") or name.endswith("w_gate") and stored is None:
            untouched.append(name)
        else:
            found = "nothing" if stored is None else list(stored.shape)
            raise DataError(f"{path}: holds {found} for {name}, the configuration has {list(value.shape)}: start from a "
                            "model with the same backbone")
    if depth_was_read(model, untouched) and has_log_depth(stored_config) != has_log_depth(model.config):
        raise DataError(f"{path}: puts out {'the logarithm of ' if has_log_depth(stored_config) else ''}depth, the "
                        "configuration has it otherwise: give its depth the same unit")
    return untouched


def depth_was_read(model, untouched):
    last = f"decoders.depth.conv_{model.config['head']['num_stages']}"
    return "depth" in model.tasks and f"{last}.weight" not in untouched


def scale_depth(model, untouched, depth_scale):
    """After start_from(): its depth is in metres (or their logarithm), the training network's in `depth_scale` metres."""
    if not depth_was_read(model, untouched):
        return
    own, last = model.state_dict(), f"decoders.depth.conv_{model.config['head']['num_stages']}"
    if has_log_depth(model.config):
        own[f"{last}.bias"].sub_(math.log(depth_scale))
    else:
        own[f"{last}.weight"].div_(depth_scale)
        own[f"{last}.bias"].div_(depth_scale)
