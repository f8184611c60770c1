"""Reads what the rivals need of a model file: its configuration and its float32 weights."""
import json
import struct
from pathlib import Path

import numpy as np


def read_model(path):
    """(configuration, {name: float32 array})."""
    data = Path(path).read_bytes()
    length = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + length])
    metadata = header.pop("__metadata__")
    tensors = {}
    for name, entry in header.items():
        if entry["dtype"] != "F32":
            raise ValueError(f"{path}: expected F32 in {name}, found {entry['dtype']}; make the model with edgemoe new")
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        tensors[name] = np.frombuffer(data, "<f4", (end - begin) // 4, begin).reshape(entry["shape"])
    return json.loads(metadata["edgemoe.config"]), tensors
