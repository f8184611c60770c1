#!/usr/bin/env python3
"""street_model.py TOOL SCENES SOURCE: the model in models/ on streets that nobody has seen before: rendered here, scored by
`edgemoe eval`. The bounds stand below the scores of its card, by what 60 pictures scatter."""
import json
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

TOOL, SCENES, SOURCE = (Path(argument).resolve() for argument in sys.argv[1:4])
MODEL = SOURCE / "models" / "edgemoe-street.safetensors"
RANGES = SOURCE / "training" / "scenes" / "ranges"
COUNT = 60


def call(*arguments):
    done = subprocess.run([str(argument) for argument in arguments], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"{arguments}\n{done.stdout}{done.stderr}")
    return done.stdout


class StreetModel(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        with tempfile.TemporaryDirectory(prefix="edgemoe-street-") as name:
            folder = Path(name)
            for ranges, seed in (("test", 4711), ("train", 4712)):
                call(SCENES, "--ranges", RANGES / f"{ranges}.json", "--count", COUNT, "--seed", seed, "--layout", "arrays",
                     "-o", folder / ranges)
            cls.report = json.loads(call(TOOL, "eval", "--model", MODEL, "--data", folder / "test", "--prior",
                                         folder / "train", "--routing", "--json", "-q"))

    def test_it_is_small(self):
        self.assertLessEqual(MODEL.stat().st_size, 40_000_000)

    def test_it_sees_far_more_than_a_prior(self):
        results = self.report["results"]
        semseg, depth, normals = (results[task] for task in ("semseg", "depth", "normals"))
        self.assertEqual(semseg["model"]["classes_in_mean"], 11)
        self.assertGreater(semseg["model"]["mean_iou"], 0.57)
        self.assertGreater(semseg["model"]["mean_iou"], semseg["prior"]["mean_iou"] + 0.3)
        self.assertLess(depth["model"]["abs_rel"], 0.5)
        self.assertLess(depth["model"]["abs_rel"], depth["prior"]["abs_rel"] / 2)
        self.assertGreater(depth["model"]["delta_1"], depth["prior"]["delta_1"] + 0.15)
        self.assertLess(normals["model"]["mean_degrees"], 26)

    def test_every_expert_works_and_the_tasks_differ(self):
        self.assertEqual([block["block"] for block in self.report["routing"]], [1, 3, 5, 7, 9, 11])
        for block in self.report["routing"]:
            shares = [task["shares"] for task in block["tasks"].values()]
            self.assertEqual(len(shares), 3)
            for expert, used in enumerate(zip(*shares)):
                self.assertGreater(max(used), 0.01, f"block {block['block']}, expert {expert}")
            for distance in block["distances"]:
                self.assertGreater(distance["total_variation"], 0.01, f"block {block['block']}: {distance['tasks']}")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
