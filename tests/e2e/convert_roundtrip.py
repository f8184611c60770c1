#!/usr/bin/env python3
"""convert_roundtrip.py TOOL: PyTorch networks saved as people save them, converted by the tool, and verified with what
PyTorch computed.

The networks are the golden cases, as the state_dict of a torch module: with batch norm's counters, and `w_noise` where
the router's rule has it.
"""
import json
import shutil
import subprocess
import sys
import tempfile
import unittest
from collections import OrderedDict
from pathlib import Path

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
sys.path.insert(0, str(GOLDEN))
import require_torch  # noqa: F401  (before torch)
import numpy as np
import torch

from cases import CASES
from m3vit_oracle import MultiTaskModel
from make_checkpoints import VARIANTS, prefixed, save_ranks
from safetensors_io import read_safetensors, write_safetensors

TOOL = Path(sys.argv[1]).resolve()
# One of each router that has experts to spread over ranks.
WRAPPED_CASES = ("gate_input_ahead", "shared_router", "task_conditioned", "topk_softmax")
RANKS = (2, 4)


def golden_model(case):
    """(configuration, state_dict in float32, tensors of the case's model file)."""
    tensors, metadata = read_safetensors(GOLDEN / "data" / f"{case}.model.safetensors")
    config = json.loads(metadata["edgemoe.config"])
    return config, MultiTaskModel(config).load_tensors(tensors).state_dict(), tensors


def save_safetensors(weights, path):
    write_safetensors(path, {name: value.numpy() for name, value in weights.items()}, {})


class RoundTrip(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="edgemoe-e2e-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.output = self.folder / "converted.safetensors"

    def tool(self, *arguments, expect=0):
        done = subprocess.run([TOOL, *map(str, arguments)], capture_output=True, text=True)
        self.assertEqual(done.returncode, expect, f"{arguments}\n{done.stdout}{done.stderr}")
        return done.stdout + done.stderr

    def convert(self, checkpoint, config, expect=0):
        path = self.folder / "config.json"
        path.write_text(json.dumps(config))
        return self.tool("convert", checkpoint, "--config", path, "-o", self.output, expect=expect)

    def verify(self, case, **kwargs):
        return self.tool("verify", self.output, "--golden", GOLDEN / "data" / f"{case}.golden.safetensors", **kwargs)

    def assert_weights(self, tensors, config):
        converted, _metadata = read_safetensors(self.output)
        self.assertEqual(set(converted), set(tensors))
        grid = [config["input"][extent] // config["patch_size"] for extent in ("height", "width")]
        for name, value in tensors.items():
            if name != "backbone.pos_embed" or config["pos_embed_grid"] == grid:
                np.testing.assert_array_equal(converted[name], value, name)

    def test_every_network_converts_and_computes_what_pytorch_does(self):
        self.assertGreater(len(CASES), 0)
        for case in CASES:
            with self.subTest(case.name):
                config, weights, tensors = golden_model(case.name)
                VARIANTS["training.pth.tar"](weights, self.folder / "checkpoint.pth.tar")
                self.convert(self.folder / "checkpoint.pth.tar", config)
                self.assert_weights(tensors, config)
                self.assertRegex(self.verify(case.name), r"verified: \d+ values agree")

    def test_every_wrapping_gives_the_same_bytes(self):
        wrappings = dict(VARIANTS)
        wrappings["bare.safetensors"] = save_safetensors
        for ranks in RANKS:
            wrappings[f"ranks{ranks}.pth.tar"] = lambda weights, path, ranks=ranks: save_ranks(weights, path, ranks)
        for case in WRAPPED_CASES:
            config, weights, tensors = golden_model(case)
            expected = None
            for name, save in wrappings.items():
                with self.subTest(f"{case} {name}"):
                    save(weights, self.folder / name)
                    self.convert(self.folder / name, config)
                    expected = expected or self.output.read_bytes()
                    self.assertEqual(self.output.read_bytes(), expected)
            self.assert_weights(tensors, config)
            self.verify(case)

    def test_single_task_decoder_becomes_the_tasks(self):
        config, weights, tensors = golden_model("one_column")
        single = OrderedDict((name.replace("decoders.depth.", "decoder."), value) for name, value in weights.items())
        self.assertNotEqual(set(single), set(weights))
        torch.save({"state_dict": single}, self.folder / "single.pth")
        self.convert(self.folder / "single.pth", config)
        self.assert_weights(tensors, config)
        self.verify("one_column")

    def test_wrong_weights_of_the_right_shape_are_caught_by_the_golden_file(self):
        config, weights, _tensors = golden_model("gate_input_ahead")
        gates = [f"backbone.blocks.2.mlp.gate.{task}.w_gate" for task in range(2)]
        swapped = OrderedDict(weights)
        swapped[gates[0]], swapped[gates[1]] = weights[gates[1]], weights[gates[0]]
        silent = OrderedDict(weights)
        name = "backbone.blocks.1.mlp.experts.h4toh.weight"
        silent[name] = weights[name].clone()
        silent[name][3] = 0
        for wrong, place in ((swapped, "block2.router"), (silent, "block1.mlp.out")):
            torch.save(wrong, self.folder / "wrong.pth")
            self.convert(self.folder / "wrong.pth", config)
            self.assertIn(place, self.verify("gate_input_ahead", expect=1))

    def refuse(self, checkpoint, config, message):
        before = set(self.folder.rglob("*")) | {self.folder / "config.json"}
        self.assertRegex(self.convert(checkpoint, config, expect=1), message)
        self.assertEqual(set(self.folder.rglob("*")) - before, set(), "left behind")

    def test_damage_is_refused_and_leaves_nothing(self):
        config, weights, _tensors = golden_model("gate_input_ahead")
        gate = "backbone.blocks.1.mlp.gate.0.w_gate"
        not_finite = OrderedDict(weights)
        not_finite[gate] = weights[gate].clone()
        not_finite[gate][3, 1] = float("nan")
        narrow_gate = OrderedDict(weights)
        narrow_gate[gate] = weights[gate][:, :1].clone()
        foreign = prefixed(weights, "wrapper.encoder.x")
        for name, wrong, message in (("nan", not_finite, gate),
                                     ("gate", narrow_gate, r"expected \[24,4\], found \[24,1\]"),
                                     ("foreign", foreign, r"0 of \d+ tensors matched")):
            with self.subTest(name):
                torch.save({"state_dict": wrong}, self.folder / f"{name}.pth")
                self.refuse(self.folder / f"{name}.pth", config, message)
        for name in ("training.pth.tar", "legacy.pth", "bare.safetensors"):
            with self.subTest(f"cut {name}"):
                path = self.folder / name
                VARIANTS.get(name, save_safetensors)(weights, path)
                path.write_bytes(path.read_bytes()[:path.stat().st_size * 6 // 10])
                self.refuse(path, config, name)
        with self.subTest("missing shard"):
            save_ranks(weights, self.folder / "ranks.pth.tar", 4)
            (self.folder / "ranks.pth.tar" / "2.pth").unlink()
            self.refuse(self.folder / "ranks.pth.tar", config, r"2\.pth")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
