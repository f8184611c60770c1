#!/usr/bin/env python3
"""Writes the model of a training run as a checkpoint that `edgemoe convert` reads."""
import argparse
import json
import math
import sys
from collections import OrderedDict
from pathlib import Path

import runtime

if __name__ == "__main__":
    runtime.prepare()  # before torch

import torch  # noqa: E402

from atomic import write_atomically, write_text_atomically  # noqa: E402
from datasets import open_splits, plan_splits  # noqa: E402
from layout import DataError  # noqa: E402
from model import MultiTaskModel, copy_first_gates, has_log_depth  # noqa: E402
from optimizer import MovingAverage, refresh_batch_norm  # noqa: E402
from preprocessing import statistics_batches  # noqa: E402
from state import load_state  # noqa: E402

DTYPES = {"f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16}


def averaged_model(state, config, training):
    """A model with the averaged weights and batch-norm statistics recomputed for them from training pictures."""
    model = MultiTaskModel(config)
    model.load_state_dict(state["model"])
    average = MovingAverage(model, 0)
    average.values = state["average"]
    average.copy_to(model)
    if state["one_router"]:
        copy_first_gates(model)
    refresh_batch_norm(model, statistics_batches(training, config))
    return model


def exported_tensors(model, depth_scale, dtype):
    """state_dict without counters; depth in metres; matrices in `dtype`, vectors in float32.

    The trained depth output is metres / depth_scale, or the logarithm of that; its last convolution is linear: scaling
    its weight and bias scales the map, and adding to its bias shifts the logarithm.
    """
    tensors = OrderedDict((name, value.detach().float().contiguous().clone())
                          for name, value in model.state_dict().items() if not name.endswith("num_batches_tracked"))
    if "depth" in model.tasks:
        last = model.config["head"]["num_stages"]
        if has_log_depth(model.config):
            tensors[f"decoders.depth.conv_{last}.bias"] += math.log(depth_scale)
        else:
            for name in ("weight", "bias"):
                tensors[f"decoders.depth.conv_{last}.{name}"] *= depth_scale
    for name, value in tensors.items():
        if value.dim() > 1:
            narrow = value.to(dtype)
            if not bool(torch.isfinite(narrow).all()):
                raise DataError(f"{name}: does not fit {dtype}; export as f32")
            tensors[name] = narrow
    return tensors


def export(run_dir, dtype="f32", say=print):
    """RUN_DIR/checkpoint.pth from RUN_DIR/state.pt; returns its path. Raises DataError."""
    run_dir = Path(run_dir)
    state = load_state(run_dir)
    if state is None:
        raise DataError(f"{run_dir}: holds no state.pt; train there first")
    config = state["config"]
    training, _ = open_splits(plan_splits(state["settings"], config, run_dir), say)
    model = averaged_model(state, config, training)
    path = run_dir / "checkpoint.pth"
    checkpoint = {"epoch": state["step"] * state["settings"]["batch"] // len(training), "step": state["step"],
                  "config": config["name"], "state_dict": exported_tensors(model, state["depth_scale"], DTYPES[dtype])}
    write_atomically(path, lambda file: torch.save(checkpoint, file))
    write_text_atomically(run_dir / "config.json", json.dumps(config, indent=2) + "\n")
    say(f"wrote {path}; next:\n  edgemoe convert {path} --config {run_dir / 'config.json'} "
        f"{'--dtype keep ' if dtype != 'f32' else ''}-o {config['name']}.safetensors")
    return path


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("run_dir", metavar="RUN_DIR", help="the folder given to train.py with -o")
    parser.add_argument("--dtype", choices=DTYPES, default="f32",
                        help="type of the matrices; f16 halves the file (default: f32)")
    arguments = parser.parse_args()
    try:
        export(arguments.run_dir, arguments.dtype)
    except (DataError, OSError) as error:
        print(f"export: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
