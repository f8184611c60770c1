#!/usr/bin/env python3
"""Checks the oracle against the public Edge-MoE data: another implementation's tokens and router decisions.

The data has no licence and is not part of this project: $EDGEMOE_SHARED/edge-moe, or ../shared/edge-moe beside the
checkout, is used where it is present. Each block is run on the other implementation's previous tokens, then the whole
network on the picture; task 0, stand-in experts from make_random_experts.py.

    check_edge_moe.py                       compares
    check_edge_moe.py --golden FOLDER       also writes edge-moe.{model,golden}.safetensors, tasks semseg and depth

Exit codes: 0 agrees, 1 differs, 77 data or torch absent.
"""
import argparse
import json
import os
import sys
from pathlib import Path

import require_torch  # noqa: F401  (before torch)
import numpy as np
import torch

from m3vit_oracle import MultiTaskModel, run_taps
from safetensors_io import write_safetensors

SKIPPED = 77
MOE_BLOCKS = (1, 3, 5, 7, 9, 11)
BLOCK_LIMIT = 1e-4
FINAL_LIMIT = 1e-3


def shared_folder():
    checkout = Path(__file__).resolve().parents[2]
    return Path(os.environ.get("EDGEMOE_SHARED", checkout.parent / "shared")) / "edge-moe"


def edge_moe_config():
    tasks = (("semseg", 7), ("depth", 1))
    return {
        "name": "edge-moe",
        "input": {"height": 128, "width": 256, "mean": [0, 0, 0], "deviation": [1, 1, 1], "resize": "bicubic"},
        "patch_size": 16, "embed_dim": 192, "depth": 12, "num_heads": 3, "mlp_dim": 768,
        "layernorm_eps": 1e-6, "batchnorm_eps": 1e-5, "activation": "gelu_erf", "pos_embed_grid": [8, 16],
        "moe": {"blocks": list(MOE_BLOCKS), "num_experts": 16, "top_k": 2, "expert_dim": 384, "router": "per_task",
                "router_rule": "softmax_topk", "task_dim": 0, "gate_input_ahead": False, "experts_per_task": 0,
                "prune_threshold": None},
        "head": None,
        "tasks": [{"name": name, "outputs": outputs, "unit": "", "class_names": []} for name, outputs in tasks],
    }


def stand_in_experts():
    """What make_random_experts.py writes: one generator, drawn from in the order of the files."""
    rng = np.random.default_rng(0)
    for block in MOE_BLOCKS:
        for layer, shape in (("htoh4", (16, 384, 192)), ("h4toh", (16, 192, 384))):
            weight = rng.normal(0.0, 0.02, size=shape).astype("<f4")
            yield f"backbone.blocks.{block}.mlp.experts.{layer}.weight", weight


def load_tensors(folder):
    """The artefacts by M3ViT's names."""

    def read(name, *shape):
        return np.fromfile(folder / "weights" / f"{name}.float32.bin", "<f4").reshape(shape)

    position = read("pos_embed", 1, 129, 192)
    tensors = {
        "backbone.patch_embed.proj.weight": read("patch_embed_weight", 192, 3, 16, 16),
        "backbone.patch_embed.proj.bias": read("patch_embed_bias", 192),
        # Row 0 of the stored embedding has the class token added already.
        "backbone.cls_token": np.zeros((1, 1, 192), np.float32),
        "backbone.pos_embed": position,
    }
    for block in range(12):
        source, target = f"l{block}_", f"backbone.blocks.{block}."
        for norm in ("norm1", "norm2"):
            tensors[f"{target}{norm}.weight"] = read(f"{source}{norm}_weight", 192)
            tensors[f"{target}{norm}.bias"] = read(f"{source}{norm}_bias", 192)
        tensors[target + "attn.qkv.weight"] = read(source + "qkv_weight", 576, 192)
        tensors[target + "attn.qkv.bias"] = read(source + "qkv_bias", 576)
        tensors[target + "attn.proj.weight"] = read(source + "attn_proj_weight", 192, 192)
        tensors[target + "attn.proj.bias"] = read(source + "attn_proj_bias", 192)
        if block in MOE_BLOCKS:
            for task in range(2):
                gate = read(f"{source}w_gate_T_task{task}", 16, 192)
                tensors[f"{target}mlp.gate.{task}.w_gate"] = np.ascontiguousarray(gate.T)
            tensors[target + "mlp.experts.htoh4.bias"] = read(source + "htoh4_bias", 16, 384)
            tensors[target + "mlp.experts.h4toh.bias"] = read(source + "h4toh_bias", 16, 192)
        else:
            for layer, outputs, inputs in (("fc1", 768, 192), ("fc2", 192, 768)):
                tensors[f"{target}mlp.{layer}.weight"] = read(f"{source}{layer}_weight", outputs, inputs)
                tensors[f"{target}mlp.{layer}.bias"] = read(f"{source}{layer}_bias", outputs)
    tensors.update(stand_in_experts())
    return tensors, read("image", 3, 128, 256)


class Comparison:
    """Compares, prints the worst place of each tap, and counts."""

    def __init__(self):
        self.values, self.failed = 0, False

    def close(self, what, got, expected, limit):
        error = np.abs(got.astype(np.float64) - expected)
        place = tuple(int(index) for index in np.unravel_index(np.argmax(error), error.shape))
        self.values += error.size
        bad = not error[place] <= limit
        self.failed |= bad
        print(f"{what:28} worst {error[place]:.2e} of {limit:.0e} at {place}: {got[place]:.6f}, "
              f"expected {expected[place]:.6f}{'  DIFFERS' if bad else ''}")

    def same_sets(self, what, got, expected):
        same = (np.sort(got, axis=1) == np.sort(expected, axis=1)).all(axis=1)
        self.values += same.size
        self.failed |= not same.all()
        print(f"{what:28} {same.sum()} of {same.size} sets equal{'' if same.all() else '  DIFFERS'}")
        return int(same.sum())


def compare(model, taps, folder):
    def expected(name):
        return np.load(folder / "expected" / f"task0_{name}.npy")

    result, sets = Comparison(), 0
    result.close("patch_embed", taps["patch_embed"], expected("patch_embed"), BLOCK_LIMIT)
    previous = expected("patch_embed")
    for block in range(12):
        tokens = expected(f"layer{block:02}")
        with torch.no_grad():
            alone = model.backbone.blocks[block](torch.from_numpy(previous).double()[None], task_id=0)[0].numpy()
        result.close(f"block{block} alone", alone, tokens, BLOCK_LIMIT)
        if block in MOE_BLOCKS:
            name, router = f"layer{block:02}_gate_", f"block{block}.router."
            sets += result.same_sets(router + "indices", taps[router + "indices"], expected(name + "indices"))
            result.close(router + "weights", taps[router + "weights"], expected(name + "scores"), FINAL_LIMIT)
            result.close(router + "logits", taps[router + "logits"], expected(name + "logits"), FINAL_LIMIT)
        previous = tokens
    result.close("final tokens", taps["block11.out"], previous, FINAL_LIMIT)
    print(f"{result.values} values compared, {sets} router sets equal")
    return not result.failed and result.values > 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--golden", type=Path, metavar="FOLDER", help="write the model and golden file there")
    args = parser.parse_args()
    folder = shared_folder()
    if not (folder / "weights").is_dir():
        print(f"skipped: no Edge-MoE data in {folder} (set EDGEMOE_SHARED)")
        return SKIPPED
    config = edge_moe_config()
    tensors, image = load_tensors(folder)
    model = MultiTaskModel(config).double().load_tensors(tensors)
    taps = run_taps(model, image)
    agrees = compare(model, taps["semseg"], folder)
    if args.golden is not None:
        args.golden.mkdir(parents=True, exist_ok=True)
        write_safetensors(args.golden / "edge-moe.model.safetensors", tensors,
                          {"edgemoe.config": json.dumps(config), "edgemoe.format": "1"})
        golden = {"shared/input": image}
        golden.update((f"{task}/{name}", value) for task, values in taps.items() for name, value in values.items()
                      if name != "input")
        write_safetensors(args.golden / "edge-moe.golden.safetensors", golden,
                          {"edgemoe.golden": "1", "generator": "tests/golden/check_edge_moe.py",
                           "torch": torch.__version__, "computed_in": "float64", "model": "edge-moe",
                           "tasks": ",".join(taps)})
    return 0 if agrees else 1


if __name__ == "__main__":
    sys.exit(main())
