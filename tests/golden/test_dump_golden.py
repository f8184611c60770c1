#!/usr/bin/env python3
"""Tests of scripts/dump_golden.py: on the oracle, whose modules are named like M3ViT's, the taps that forward hooks
see are the taps that the golden files hold; and a model that does not fit is refused."""
import json
import os
import sys
import tempfile
import unittest
from pathlib import Path

import require_torch  # noqa: F401  (before torch)
import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))
from cases import CASES
from dump_golden import dump
from m3vit_oracle import MultiTaskModel
from safetensors_io import read_safetensors

DATA = Path(__file__).resolve().parent / "data"


def load_case(name):
    """(configuration, float64 model, golden arrays)."""
    tensors, metadata = read_safetensors(DATA / f"{name}.model.safetensors")
    config = json.loads(metadata["edgemoe.config"])
    model = MultiTaskModel(config).double().load_tensors(tensors)
    return config, model, read_safetensors(DATA / f"{name}.golden.safetensors")[0]


class SingleTask(torch.nn.Module):
    """M3ViT's single-task form: backbone and `decoder`."""

    def __init__(self, model):
        super().__init__()
        self.backbone, self.decoder = model.backbone, model.decoders[model.tasks[0]]


class DumpGolden(unittest.TestCase):
    def compare(self, dumped, golden, only=""):
        """Every golden tensor whose name starts with `only` is in the dump, equal but for float64's own rounding."""
        compared = 0
        for name, value in golden.items():
            if not name.startswith(only):
                continue
            self.assertEqual(dumped[name].shape, value.shape, name)
            self.assertEqual(dumped[name].dtype, value.dtype, name)
            error = np.abs(dumped[name].astype(np.float64) - value)
            self.assertTrue((error <= 2.0 ** -22 * np.maximum(1, np.abs(value))).all(), f"{name}: {error.max()}")
            compared += value.size
        self.assertGreater(compared, 0)

    def test_every_case_hooks_see_what_the_oracle_published(self):
        for case in CASES:
            with self.subTest(case.name), tempfile.TemporaryDirectory() as folder:
                config, model, golden = load_case(case.name)
                path = Path(folder) / "dumped.safetensors"
                dump(model, torch.from_numpy(golden["shared/input"].copy()), config, path)
                dumped, metadata = read_safetensors(path)
                self.compare(dumped, golden)
                self.assertEqual(metadata["tasks"], ",".join(model.tasks))
                if case.block_taps is None:
                    self.assertEqual(set(dumped), set(golden))

    def test_wrapped_model_is_looked_through_and_left_as_it_was(self):
        config, model, golden = load_case("per_task_up")
        model.train()
        with tempfile.TemporaryDirectory() as folder:
            image = torch.from_numpy(golden["shared/input"].copy())
            dumped = dump(torch.nn.DataParallel(model), image, json.dumps(config), Path(folder) / "out", ["depth"])
        self.compare(dumped, golden, "depth/")
        self.assertFalse(any(name.startswith("semseg/") for name in dumped))
        self.assertTrue(model.training)
        self.assertFalse(any(module._forward_hooks or module._forward_pre_hooks for module in model.modules()))

    def test_single_task_model_is_dumped(self):
        config, model, golden = load_case("one_column")
        with tempfile.TemporaryDirectory() as folder:
            image = torch.from_numpy(golden["shared/input"].copy())
            self.compare(dump(SingleTask(model), image, config, Path(folder) / "out"), golden)

    def test_flipped_weight_is_seen(self):
        config, model, golden = load_case("per_task_up")
        with torch.no_grad():
            model.backbone.blocks[0].attn.proj.bias[3] += 1e-3
        with tempfile.TemporaryDirectory() as folder, self.assertRaises(AssertionError):
            image = torch.from_numpy(golden["shared/input"].copy())
            self.compare(dump(model, image, config, Path(folder) / "out"), golden)

    def test_misfits_are_refused_by_name(self):
        config, model, golden = load_case("per_task_up")
        image = torch.from_numpy(golden["shared/input"].copy())
        deeper = {**config, "depth": 5}
        shared = {**config, "moe": {**config["moe"], "router": "shared"}}
        for misfit, picture, tasks, message in ((deeper, image, None, "backbone.blocks.2"),
                                                (shared, image, None, "w_gate|ModuleList|task|indices"),
                                                (config, image[:, :16], None, "image has shape"),
                                                (config, image, ["normals"], "no task")):
            with tempfile.TemporaryDirectory() as folder, self.subTest(message):
                with self.assertRaisesRegex((ValueError, TypeError), message):
                    dump(model, picture, misfit, Path(folder) / "out", tasks)
                self.assertEqual(os.listdir(folder), [])


if __name__ == "__main__":
    unittest.main()
