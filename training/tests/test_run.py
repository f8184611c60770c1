"""test_run.py [EDGEMOE]: whole runs of train.py on toy pictures: learning, stopping, resuming, exporting; and, with the
edgemoe tool, that what it converts computes what PyTorch computed."""
import json
import math
import os
import shutil
import signal
import subprocess
import sys
import unittest
from pathlib import Path
from unittest import mock

from common import TRAINING, random_model, tiny_config, toy
import numpy as np
import torch

import m3vit_oracle
from layout import DataError
from model import MultiTaskModel
from run_case import Case
from safetensors_io import read_safetensors, write_safetensors
from start import scale_depth, start_from
from validate import Metrics

TOOL = Path(sys.argv.pop(1)).resolve() if len(sys.argv) > 1 else None


class Run(Case):
    def log(self, run, kind):
        lines = [json.loads(line) for line in (self.folder / run / "log.jsonl").read_text().splitlines()]
        return [line for line in lines if line["kind"] == kind]

    def weights(self, run):
        return torch.load(self.folder / run / "checkpoint.pth")["state_dict"]

    def assert_same_weights(self, first, second):
        self.assertEqual(list(first), list(second))
        self.assertGreater(len(first), 50)
        for name, value in first.items():
            self.assertTrue(torch.equal(value, second[name]), name)


class Learning(Run):
    def test_thirty_two_pictures_are_learnt(self):
        text = self.call("run", "--steps", "150", "--lr", "3e-3", "--no-augment", "--average", "0.9", "--share",
                         "semseg=1,normals=1,depth=1", "--val-every", "1000")
        training, (validation,) = self.log("run", "train"), self.log("run", "validation")
        self.assertEqual(training[-1]["step"], 150)
        for task, factor in (("semseg", 3), ("normals", 3), ("depth", 2)):
            self.assertLess(training[-1]["losses"][task] * factor, training[0]["losses"][task], task)
        # All ground or all sky, and the mean depth, are far worse: the network sees the picture.
        self.assertGreater(validation["miou"], 0.55)
        self.assertLess(validation["abs_rel"], 0.35)
        shares = np.array(validation["experts"])
        self.assertEqual(shares.shape, (2, 3, 4))
        np.testing.assert_allclose(shares.sum(2), 1, atol=1e-3)
        self.assertIn("pictures/s", text)
        self.assertIn("left", text)
        self.assertEqual((self.folder / "run" / "curves.png").is_file(), "matplotlib is not installed" not in text)

    def test_bf16_learns_what_fp32_learns(self):
        losses = {}
        for precision in ("fp32", "bf16"):
            self.call(precision, "--steps", "20", "--lr", "1e-3", "--no-augment", "--precision", precision)
            losses[precision] = self.log(precision, "train")[-1]["losses"]
        for task, value in losses["fp32"].items():
            self.assertNotEqual(losses["bf16"][task], value)
            # bf16 keeps 8 bits; a step's error is a fraction of a percent, and twenty steps in, losses have parted by some.
            self.assertLess(abs(losses["bf16"][task] - value), 0.2 * value, task)

    def test_one_task_without_the_others_trains_and_exports_a_network_of_one_task(self):
        for name in ("labels", "normals"):
            (self.data / f"{name}.npy").unlink()
        self.call("run", "--steps", "3", "--tasks", "depth")
        config = json.loads((self.folder / "run" / "config.json").read_text())
        self.assertEqual([task["name"] for task in config["tasks"]], ["depth"])
        names = set(self.weights("run"))
        self.assertIn("backbone.blocks.1.mlp.gate.0.w_gate", names)
        self.assertNotIn("backbone.blocks.1.mlp.gate.1.w_gate", names)

    def test_metrics_of_hand_made_maps(self):
        metrics = Metrics(3)
        scores = torch.zeros(1, 3, 1, 4)
        scores[0, 0, 0, :2] = scores[0, 1, 0, 2:] = 1
        truth = {"semseg": torch.tensor([[[0, 1, 1, 255]]]), "depth": torch.tensor([[[2.0, 4, 0, 0]]]),
                 "normals": torch.tensor([[0.0, 0, 1], [0, 1, 0], [0, 0, 0], [0, 0, 0]]).t().reshape(1, 3, 1, 4)}
        maps = {"semseg": scores, "depth": torch.tensor([[[[3.0, 4, 9, 9]]]]),
                "normals": torch.tensor([0.0, 0, 2]).view(1, 3, 1, 1).expand(1, 3, 1, 4)}
        metrics.add(maps, truth)
        values = metrics.values()
        self.assertEqual(values["iou"], [0.5, 0.5, None])
        self.assertAlmostEqual(values["miou"], 0.5)
        self.assertAlmostEqual(values["abs_rel"], 0.25)
        self.assertAlmostEqual(values["angle"], 45.0, places=4)

    def test_depth_is_scored_within_the_cap_of_edgemoe_eval(self):
        """|p − g| / g: truths of 81 m and 0.1 mm do not count; 1000 is cut to 80, −5 to 0.001; what is not finite counts
        as the end that is farther by ratio."""
        for estimate, truth, error in ((50.0, 81.0, None), (50.0, 1e-4, None), (50.0, math.inf, None),
                                       (1000.0, 40.0, 1.0), (-5.0, 2.0, 1.999 / 2), (math.nan, 2.0, 1.999 / 2),
                                       (math.inf, 0.1, 799.0), (30.0, 40.0, 0.25)):
            metrics = Metrics(1)
            metrics.add({"depth": torch.full((1, 1, 1, 1), estimate)}, {"depth": torch.full((1, 1, 1), truth)})
            found = metrics.values().get("abs_rel")
            if error is None:
                self.assertIsNone(found)
            else:
                self.assertAlmostEqual(found, error, places=4)


class Resuming(Run):
    def test_a_stopped_run_goes_on_as_if_it_had_not_stopped(self):
        length = ("--steps", "24", "--val-every", "6", "--drop-path", "0.2", "--workers", "2", "--one-router", "0.5")
        self.call("whole", *length)
        process = subprocess.Popen(self.command("parts", *length), stdout=subprocess.PIPE, text=True)
        for line in process.stdout:
            if line.startswith("step 5 "):
                process.send_signal(signal.SIGTERM)
                break
        rest = process.stdout.read()
        process.stdout.close()
        self.assertEqual(process.wait(), 128 + signal.SIGTERM, rest)
        self.assertRegex(rest, r"stopped after step \d+, state saved")
        stopped = torch.load(self.folder / "parts" / "state.pt")["step"]
        self.assertTrue(5 <= stopped < 24, stopped)
        self.assertIn(f"from step {stopped}", self.call("parts", *length))
        self.assert_same_weights(self.weights("whole"), self.weights("parts"))
        final = [self.log(run, "validation")[-1] for run in ("whole", "parts")]
        self.assertEqual(*final)

    def test_routers_part_when_their_time_has_come(self):
        def gates():
            model = torch.load(self.folder / "run" / "state.pt")["model"]
            weights = self.weights("run")
            names = [name for name in weights if name.endswith("gate.0.w_gate")]
            self.assertEqual(len(names), 2)
            for name in names:
                first, second = weights[name], weights[name.replace("gate.0", "gate.1")]
                trained = [model[name], model[name.replace("gate.0", "gate.1")]]
                yield torch.equal(first, second), torch.equal(*trained)

        self.call("run", "--steps", "6", "--one-router", "1")
        for same_exported, same_trained in gates():
            self.assertTrue(same_exported, "all tasks go by the one router that was trained")
            self.assertFalse(same_trained, "the others wait, as drawn")
        experts = self.log("run", "validation")[-1]["experts"]
        for block in experts:
            self.assertNotEqual(len(set(block[0])), 1)
        shutil.rmtree(self.folder / "run")
        self.call("run", "--steps", "12", "--one-router", "0.5", "--lr", "3e-3")
        for same_exported, _ in gates():
            self.assertFalse(same_exported, "each task's router has gone its own way")
        self.assertIn("expected a number from 0 to 1", self.call("other", "--steps", "2", "--one-router", "2", expect=2))

    def test_far_classes_must_be_classes_of_the_run(self):
        self.assertIn("--far: needs depth and semseg", self.call("run", "--steps", "1", "--far", "moon=9", expect=2))
        self.assertIn("--far: needs depth and semseg",
                      self.call("run", "--steps", "1", "--tasks", "semseg", "--far", "sky=9", expect=2))
        self.call("run", "--steps", "1", "--far", "sky=150")

    def test_workers_average_to_the_same_everywhere(self):
        script = self.folder / "average.py"
        script.write_text(f"import sys; sys.path.insert(0, {str(TRAINING)!r})\n"
                          "from workers import *\n"
                          "followers = None if is_follower() else Followers(2)\n"
                          "workers = Workers(2, followers)\n"
                          "import torch\n"
                          "tensors = [torch.full((2, 3), 1.0 + workers.rank), torch.tensor([4.0 * workers.rank])]\n"
                          "workers.average(tensors)\n"
                          "added = [torch.tensor([1.0 + workers.rank])]\n"
                          "workers.add(added)\n"
                          "told = workers.follow(workers.rank == 0, 0.25 + workers.rank)\n"
                          "good = float(added[0]) == 3 and bool((tensors[0] == 1.5).all())\n"
                          "good = good and float(tensors[1]) == 2 and told == (True, 0.25)\n"
                          "if followers:\n"
                          "    followers.wait()\n"
                          "    good = good and followers.processes[0].returncode == 0\n"
                          "    followers.close()\n"
                          "sys.exit(not good)\n")
        self.assertEqual(subprocess.run([sys.executable, script]).returncode, 0)

    def test_a_worker_that_fails_before_it_joins_ends_the_run_with_its_own_sentence(self):
        (self.folder / "sitecustomize.py").write_text(
            "import json, os\n"
            "loads = json.loads\n"
            "def fail(text, **options):\n"
            "    if 'embed_dim' in text:\n        raise ValueError('broken on purpose')\n"
            "    return loads(text, **options)\n"
            "if 'EDGEMOE_TRAINING_RANK' in os.environ:\n    json.loads = fail\n")
        with mock.patch.dict(os.environ, PYTHONPATH=str(self.folder)):
            text = self.call("run", "--steps", "1", "--warmup", "0", "--workers", "2", expect=1)
        self.assertRegex(text, r"^train: a worker process ended with exit code 1: .*broken on purpose;")

    def test_a_worker_that_dies_ends_the_run_with_a_sentence(self):
        process = subprocess.Popen(self.command("run", "--steps", "100000", "--workers", "2"), stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True)
        for line in process.stdout:
            if line.startswith("step 5 "):
                children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
                self.assertEqual(len(children), 1)
                os.kill(int(children[0]), signal.SIGKILL)
                break
        _rest, errors = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 1, errors)
        self.assertIn("a worker process ended with exit code -9", errors)

    def test_another_seed_is_another_run_and_is_not_mixed_in(self):
        self.call("run", "--steps", "2")
        self.call("other", "--steps", "2", "--seed", "2")
        self.assertFalse(torch.equal(self.weights("run")["backbone.cls_token"], self.weights("other")["backbone.cls_token"]))
        self.assertIn("begun with seed = 1, now 2", self.call("run", "--steps", "4", "--seed", "2", expect=1))

    def test_a_finished_run_stays_as_it_is_until_its_data_changes(self):
        length = ("--steps", "4", "--val-every", "2")
        self.call("run", *length)
        config = (self.folder / "run" / "config.json")
        os.link(config, self.folder / "first.json")
        self.call("run", *length, "--log-every", "1")
        self.assertEqual([line["step"] for line in self.log("run", "validation")], [2, 4])
        self.assertFalse(config.samefile(self.folder / "first.json"), "written beside the old one and renamed")
        toy.write_arrays(self.data, 33, 32, 48, seed=7)
        self.assertIn("begun with training_pictures = 32, now 33", self.call("run", *length, expect=1))

    def test_a_cut_off_state_is_an_error(self):
        self.call("run", "--steps", "1")
        path = self.folder / "run" / "state.pt"
        path.write_bytes(path.read_bytes()[:-1000])
        self.assertIn("state.pt: cannot be read", self.call("run", "--steps", "2", expect=1))

    def test_wrong_commands_are_refused_with_a_sentence(self):
        self.assertIn("not in configuration tiny (semseg, normals, depth)",
                      self.call("run", "--steps", "1", "--tasks", "edge", expect=2))
        self.assertIn("expected TASK=NUMBER", self.call("run", "--steps", "1", "--share", "depth", expect=2))
        self.assertIn("holds no state.pt", self.call("nothing", expect=1, script="export.py"))


class StartingFrom(Run):
    def model_file(self, config, seed):
        model = random_model(config, seed)
        tensors = {name: value.numpy() for name, value in model.state_dict().items()
                   if not name.endswith("num_batches_tracked")}
        path = self.folder / "model.safetensors"
        write_safetensors(path, tensors, {"edgemoe.format": "1", "edgemoe.config": json.dumps(config)})
        return path, model

    def test_a_model_file_gives_the_same_network_with_depth_in_metres(self):
        images = torch.randn(2, 3, 32, 48)
        for unit in ("m", "ln m"):
            config = tiny_config()
            config["tasks"][2]["unit"] = unit
            path, stored = self.model_file(config, 5)
            model = MultiTaskModel(config)
            self.assertEqual(start_from(model, path), [])
            scale_depth(model, [], 4.0)
            model.eval()
            for task, expected in stored(images).items():
                found = model(images)[task]
                if task == "depth":
                    found = found + math.log(4) if unit == "ln m" else found * 4
                torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)
        with self.assertRaisesRegex(DataError, "puts out the logarithm of depth"):
            start_from(MultiTaskModel(tiny_config()), path)

    def test_other_tasks_take_the_backbone_and_their_own_router(self):
        config = tiny_config()
        path, stored = self.model_file(config, 5)
        other = tiny_config(tasks=[config["tasks"][2], dict(config["tasks"][0], outputs=6, class_names=[])])
        model = MultiTaskModel(other)
        untouched = start_from(model, path)
        self.assertEqual(untouched, ["decoders.semseg.conv_2.weight", "decoders.semseg.conv_2.bias"])
        gate = "backbone.blocks.1.mlp.gate.{}.w_gate"
        for own, theirs in ((0, 2), (1, 0)):
            self.assertTrue(torch.equal(model.state_dict()[gate.format(own)], stored.state_dict()[gate.format(theirs)]))

    def test_a_run_begins_with_them(self):
        path, _ = self.model_file(tiny_config(), 5)
        self.call("run", "--steps", "1", "--lr", "1e-9", "--start-from", path)
        weights, (stored, _) = self.weights("run"), read_safetensors(path)
        for name in ("backbone.pos_embed", "decoders.semseg.conv_2.weight", "backbone.blocks.1.mlp.experts.htoh4.weight"):
            np.testing.assert_allclose(weights[name].numpy(), stored[name], rtol=1e-4, atol=1e-5)

    def test_a_file_is_not_read_before_its_header_is_checked(self):
        path = self.folder / "huge.safetensors"
        with path.open("wb") as file:
            file.write((1 << 30).to_bytes(8, "little"))
            # More than fits into memory; takes no room on the disk.
            file.truncate(1 << 42)
        with self.assertRaisesRegex(DataError, "not a model of edgemoe: .*a header of 1073741824 bytes"):
            start_from(MultiTaskModel(tiny_config()), path)

    def test_a_configuration_that_lacks_something_is_named(self):
        path = self.folder / "model.safetensors"
        config = tiny_config()
        del config["tasks"]
        write_safetensors(path, {"x": np.zeros(1, np.float32)}, {"edgemoe.config": json.dumps(config)})
        with self.assertRaisesRegex(DataError, "not a model of edgemoe: DataError: missing tasks"):
            start_from(MultiTaskModel(tiny_config()), path)

    def test_files_that_are_no_such_model_are_refused(self):
        path, _ = self.model_file(tiny_config(), 5)
        data = path.read_bytes()
        for cut in (0, 7, 100, len(data) - 1):
            path.write_bytes(data[:cut])
            self.assertIn("not a model of edgemoe", self.call("run", "--steps", "1", "--start-from", path, expect=1))
        wide = tiny_config(mlp_dim=64)
        path, _ = self.model_file(wide, 5)
        self.assertIn("start from a model with the same backbone",
                      self.call("run", "--steps", "1", "--start-from", path, expect=1))
        self.assertIn("No such file", self.call("run", "--steps", "1", "--start-from", self.folder / "none", expect=1))


class Exporting(Run):
    def test_curves_that_fail_cost_nothing(self):
        (self.folder / "matplotlib.py").write_text(
            "import pathlib, sys\nfolder = sys.argv[sys.argv.index('-o') + 1]\n"
            "raise ValueError(f\"exported: {pathlib.Path(folder, 'checkpoint.pth').is_file()}\")\n")
        with mock.patch.dict(os.environ, PYTHONPATH=str(self.folder)):
            self.assertIn("no curves.png: ValueError: exported: True", self.call("run", "--steps", "1"))

    def trained(self, dtype):
        """(configuration, weights as stored, the same network's oracle, one picture) after a few steps."""
        self.call("run", "--steps", "20", "--lr", "3e-3", "--export-dtype", dtype)
        config = json.loads((self.folder / "run" / "config.json").read_text())
        weights = self.weights("run")
        oracle = m3vit_oracle.MultiTaskModel(config).load_tensors(
            {name: value.float().numpy() for name, value in weights.items()})
        image = np.random.default_rng(5).standard_normal((3, 32, 48)).astype(np.float32)
        return config, weights, oracle, image

    def test_a_logarithm_of_depth_comes_out_for_metres(self):
        config = tiny_config()
        config["tasks"][2]["unit"] = "ln m"
        self.config.write_text(json.dumps(config))
        _config, weights, _oracle, _image = self.trained("f32")
        state = torch.load(self.folder / "run" / "state.pt")
        name = "decoders.depth.conv_2"
        self.assertTrue(torch.equal(weights[f"{name}.weight"], state["average"][f"{name}.weight"]))
        torch.testing.assert_close(weights[f"{name}.bias"], state["average"][f"{name}.bias"] + math.log(state["depth_scale"]))

    def test_depth_comes_out_in_metres_and_statistics_are_of_the_averaged_weights(self):
        config, weights, oracle, image = self.trained("f32")
        state = torch.load(self.folder / "run" / "state.pt")
        model = MultiTaskModel(config)
        loaded = {name: value for name, value in weights.items() if "conv_2" not in name or "depth" not in name}
        model.load_state_dict(dict(model.state_dict(), **loaded))
        with torch.no_grad():
            for name, value in model.named_parameters():
                if name not in loaded:
                    value.copy_(state["average"][name])
                self.assertTrue(torch.equal(value, state["average"][name]), name)
            scaled = model.eval()(torch.from_numpy(image)[None])["depth"][0]
        metres = m3vit_oracle.run_taps(oracle, image, tasks=["depth"])["depth"]["head.logits"]
        self.assertGreater(state["depth_scale"], 2)
        np.testing.assert_allclose(scaled.numpy() * state["depth_scale"], metres, rtol=1e-4,
                                   atol=1e-5 * np.abs(metres).max())
        self.assertFalse(torch.equal(weights["decoders.depth.syncbn_fc_0.running_mean"],
                                     state["model"]["decoders.depth.syncbn_fc_0.running_mean"]))

    @unittest.skipIf(TOOL is None or not TOOL.is_file(), "the edgemoe tool is not built")
    def test_the_converted_export_computes_what_pytorch_computes(self):
        for dtype, stored in (("f32", "<f4"), ("f16", "<f2")):
            with self.subTest(dtype):
                shutil.rmtree(self.folder / "run", ignore_errors=True)
                config, _weights, oracle, image = self.trained(dtype)
                taps = {"shared/input": image}
                for task, values in m3vit_oracle.run_taps(oracle, image).items():
                    taps.update((f"{task}/{name}", value) for name, value in values.items() if name != "input")
                golden, model = self.folder / "golden.safetensors", self.folder / "model.safetensors"
                write_safetensors(golden, taps, {"edgemoe.golden": "1", "edgemoe.config": json.dumps(config)})
                self.tool("convert", self.folder / "run" / "checkpoint.pth", "--config", self.folder / "run" / "config.json",
                          "--strict", "--dtype", "keep" if dtype != "f32" else "f32", "-o", model)
                tensors, _metadata = read_safetensors(model)
                self.assertEqual(tensors["backbone.blocks.1.mlp.experts.htoh4.weight"].dtype, np.dtype(stored))
                self.assertRegex(self.tool("verify", model, "--golden", golden), r"verified: \d+ values agree")
                np.save(self.folder / "input.npy", image)
                self.tool("run", self.folder / "input.npy", "--model", model, "--dump-taps", self.folder / "taps.safetensors")
                self.compare_maps(read_safetensors(self.folder / "taps.safetensors")[0], taps, config)

    def compare_maps(self, dumped, taps, config):
        """`edgemoe verify` allows 1e-3 of the largest value end to end, for the reasons that docs/verify.md gives."""
        for task in config["tasks"]:
            name = f"{task['name']}/head.logits"
            self.assertEqual(dumped[name].shape, (task["outputs"], 32, 48))
            np.testing.assert_allclose(dumped[name], taps[name], rtol=0, atol=1e-3 * np.abs(taps[name]).max())

    def tool(self, *arguments):
        done = subprocess.run([TOOL, *map(str, arguments)], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, f"{arguments}\n{done.stdout}{done.stderr}")
        return done.stdout + done.stderr


if __name__ == "__main__":
    os.environ.setdefault("MPLBACKEND", "Agg")
    unittest.main()
