"""Reads and writes safetensors files with numpy alone."""
import json
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))
from dump_golden import DTYPE_NAMES, write_safetensors  # noqa: E402,F401  (the one writer)

DTYPES = {name: np.dtype(dtype).newbyteorder("<") for dtype, name in DTYPE_NAMES.items() if name != "BF16"}


def to_bfloat16(value):
    """The upper halves of float32 values, as the writer takes them; the lower halves must be zero."""
    bits = np.ascontiguousarray(value, "<f4").view("<u4")
    if (bits & 0xFFFF).any():
        raise ValueError("not exact in bfloat16")
    return (bits >> 16).astype("<u2").view("V2")


def read_safetensors(path):
    """({name: array}, metadata). BF16 tensors are widened to float32."""
    data = Path(path).read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8:8 + length])
    metadata = header.pop("__metadata__", {})
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        raw = data[8 + length + begin:8 + length + end]
        if entry["dtype"] == "BF16":
            value = (np.frombuffer(raw, "<u2").astype(np.uint32) << 16).view(np.float32)
        else:
            value = np.frombuffer(raw, DTYPES[entry["dtype"]])
        tensors[name] = value.reshape(entry["shape"])
    return tensors, metadata
