#!/usr/bin/env python3
"""Makes the golden files of tests/golden/data from seeded weights and the float64 oracle.

    make_golden.py                 writes every case
    make_golden.py --check         makes every case anew and compares it with the stored files
    make_golden.py --list          prints the cases
    make_golden.py --case NAME …   only these

A case is NAME.model.safetensors (a model file) and NAME.golden.safetensors (the input and every task's taps).
"""
import argparse
import json
import sys
from pathlib import Path

import require_torch  # noqa: F401  (before torch)
import numpy as np
import torch

from cases import CASES
from m3vit_oracle import MultiTaskModel, run_taps
from safetensors_io import read_safetensors, to_bfloat16, write_safetensors

DATA = Path(__file__).resolve().parent / "data"
# Logits of experts that compete for the last place differ by this at least, or are exactly equal: float32 engines must
# choose as the float64 oracle does. float32 costs about 1e-6 of the largest logit in networks this small.
MIN_LOGIT_GAP = 1e-3
MIN_PRUNE_GAP = 5e-4
MAX_SEEDS = 200


def random_tensors(config, rng, gain, gate_gain):
    """Weights by M3ViT's names."""
    tensors = {}
    for name, parameter in MultiTaskModel(config).state_dict().items():
        if name.endswith(("num_batches_tracked", "w_noise")):
            continue
        shape = tuple(parameter.shape)
        normal = rng.standard_normal(shape)
        if name.endswith("running_var"):
            value = 0.5 + rng.random(shape)
        elif name.endswith(("bias", "running_mean")):
            value = 0.1 * normal
        elif name.endswith(("cls_token", "pos_embed")):
            value = 0.3 * normal
        elif name.endswith("w_gate"):
            value = gate_gain * normal / shape[0] ** 0.5
        elif len(shape) == 1:
            value = 1 + 0.2 * normal
        else:
            fan_in = shape[2] if ".experts." in name else int(np.prod(shape[1:]))
            value = gain * normal / fan_in ** 0.5
        tensors[name] = value
    return tensors


def stored(tensors, storage):
    """The arrays to write, rounded to their element type, and the values that a reader gets from them."""
    arrays, values = {}, {}
    for place, (name, value) in enumerate(tensors.items()):
        kind = "F16" if storage == "F16" else ("F16", "BF16", "F32")[place % 3]
        if kind == "BF16":
            bits = value.astype("<f4").view("<u4") & 0xFFFF0000
            values[name] = bits.view("<f4").astype(np.float64)
            arrays[name] = to_bfloat16(bits.view("<f4"))
        else:
            arrays[name] = value.astype("<f2" if kind == "F16" else "<f4")
            values[name] = arrays[name].astype(np.float64)
    return arrays, values


def margins(taps, config):
    """Smallest non-zero gap between logits that decide a choice or an order, and between a weight and the threshold."""
    gap, prune_gap = np.inf, np.inf
    moe = config["moe"]
    if moe is None:
        return gap, prune_gap
    for values in taps.values():
        for name, value in values.items():
            if name.endswith("router.logits"):
                ranked = -np.sort(-value, axis=1)[:, :moe["top_k"] + 1]
                steps = -np.diff(ranked, axis=1)
                gap = min(gap, steps[steps > 0].min(initial=np.inf))
            if name.endswith("router.weights") and moe["prune_threshold"] is not None:
                prune_gap = min(prune_gap, np.abs(value - moe["prune_threshold"]).min())
    return gap, prune_gap


def compute(case, seed):
    """(arrays of the model file, input, taps in float64) of one seed."""
    config = case.config
    rng = np.random.default_rng(seed)
    tensors = random_tensors(config, rng, case.gain, case.gate_gain)
    if case.edit is not None:
        case.edit(tensors, config)
    arrays, values = stored(tensors, case.storage)
    size = (3, config["input"]["height"], config["input"]["width"])
    image = (rng.integers(-512, 512, size) / 256).astype(np.float32)
    model = MultiTaskModel(config).double().load_tensors(values)
    return arrays, image, run_taps(model, image, torch.float64)


def make(case):
    """The two files' contents, from the first seed whose routing has no near tie and shows what the case is about."""
    refusals = []
    for seed in range(MAX_SEEDS):
        arrays, image, taps = compute(case, seed)
        gap, prune_gap = margins(taps, case.config)
        if gap < MIN_LOGIT_GAP or prune_gap < MIN_PRUNE_GAP:
            refusals.append(f"gaps {gap:.1e}, {prune_gap:.1e}")
            continue
        try:
            if case.check is not None:
                for values in taps.values():
                    case.check(values, case.config)
        except AssertionError as error:
            refusals.append(str(error))
            continue
        return model_file(case, arrays, seed), golden_file(case, image, taps, seed)
    raise SystemExit(f"{case.name}: no seed below {MAX_SEEDS} will do; last: {refusals[-1]}")


def model_file(case, arrays, seed):
    return arrays, {"edgemoe.config": json.dumps(case.config), "edgemoe.format": "1", "edgemoe.trained": "no",
                    "edgemoe.seed": str(seed)}


def golden_file(case, image, taps, seed):
    tensors = {"shared/input": image}
    for task, values in taps.items():
        for name, value in values.items():
            if keeps(case, name):
                tensors[f"{task}/{name}"] = value if value.dtype == np.int32 else value.astype(np.float32)
    metadata = {"edgemoe.golden": "1", "generator": "tests/golden/make_golden.py", "torch": torch.__version__,
                "computed_in": "float64", "model": case.name, "seed": str(seed), "tasks": ",".join(taps)}
    return tensors, metadata


def keeps(case, tap):
    if tap == "input":
        return False
    return case.block_taps is None or not tap.startswith("block") or tap.split(".", 1)[1] in case.block_taps


def differences(path, tensors):
    """Compares a stored file with fresh contents; returns (values compared, list of complaints)."""
    old, _metadata = read_safetensors(path)
    if list(old) != list(tensors):
        return 0, [f"{path.name}: other tensors: {sorted(set(old) ^ set(tensors))[:6]}"]
    count, complaints = 0, []
    for name, value in tensors.items():
        value = (value.view("<u2").astype("<u4") << 16).view("<f4") if value.dtype.kind == "V" else value
        if old[name].shape != value.shape:
            complaints.append(f"{path.name}: {name} has shape {old[name].shape}, made anew {value.shape}")
            continue
        count += value.size
        # float64 rounded to float32: another BLAS may move a value over one rounding border, no further.
        limit = 0 if path.name.endswith(".model.safetensors") or value.dtype == np.int32 else 2.0 ** -22
        error = np.abs(old[name].astype(np.float64) - value)
        bad = ~(error <= limit * np.maximum(1, np.abs(value)))  # a NaN is bad
        if bad.any():
            place = tuple(int(index) for index in np.unravel_index(np.argmax(error), error.shape))
            complaints.append(f"{path.name}: {name} differs in {bad.sum()} of {value.size} values, most at {place}: "
                              f"stored {old[name][place]}, made anew {value[place]}")
    return count, complaints


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare with the stored files instead of writing them")
    parser.add_argument("--list", action="store_true", help="print the cases")
    parser.add_argument("--case", nargs="+", default=[], metavar="NAME", help="only these cases")
    parser.add_argument("--data", type=Path, default=DATA, help="folder of the files")
    args = parser.parse_args()
    unknown = set(args.case) - {case.name for case in CASES}
    if unknown:
        parser.error(f"no case {sorted(unknown)}; see --list")
    cases = [case for case in CASES if not args.case or case.name in args.case]
    if args.list:
        for case in cases:
            print(f"{case.name:22} {case.what}")
        return 0
    args.data.mkdir(exist_ok=True)
    compared, complaints = 0, []
    for case in cases:
        for kind, (tensors, metadata) in zip(("model", "golden"), make(case)):
            path = args.data / f"{case.name}.{kind}.safetensors"
            if args.check:
                count, found = differences(path, tensors)
                compared += count
                complaints += found
            else:
                write_safetensors(path, tensors, metadata)
                print(f"{path.name:44} {path.stat().st_size:8d} bytes")
    if args.check:
        print("\n".join(complaints) or "no difference", f"({compared} values compared in {2 * len(cases)} files)")
        return 1 if complaints or compared == 0 else 0
    return 0


if __name__ == "__main__":
    sys.exit(main())
