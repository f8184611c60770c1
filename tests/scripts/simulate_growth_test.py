#!/usr/bin/env python3
"""simulate_growth_test.py TOOL SIMULATOR: scripts/simulate-growth at the small design point, whose simulator it is."""
import json
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

TOOL, SIMULATOR = (str(Path(argument).resolve()) for argument in sys.argv[1:3])
SCRIPT = Path(__file__).resolve().parents[2] / "scripts/simulate-growth"


class SimulateGrowth(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.model = Path(folder.name) / "tiny.safetensors"
        subprocess.run([TOOL, "new", "tiny", "--seed", "1", "-o", self.model], check=True, capture_output=True)

    def script(self, *arguments, expect=0):
        environment = dict(os.environ, EDGEMOE_SIMULATOR_DIR=str(Path(SIMULATOR).parent))
        done = subprocess.run([SCRIPT, "--tool", TOOL, "--design", "small", "--model", self.model, *arguments], capture_output=True,
                              text=True, env=environment, check=False)
        self.assertEqual(done.returncode, expect, done.stderr)
        return done

    def test_points_are_simulated_beside_the_model_or_refused_with_the_reason(self):
        lists = ["--sizes", "16x24,80x80", "--experts", "4,8", "--top-k", "1", "--shares", "0.889,0.333"]
        rows = json.loads(self.script(*lists, "--json").stdout)
        self.assertEqual([row["status"] for row in rows], ["simulated", "refused", "simulated", "simulated", "simulated", "simulated", "simulated"])
        self.assertIn("limits.max_tokens", rows[1]["reason"])
        for row in rows:
            if row["status"] == "simulated":
                self.assertAlmostEqual(row["modelled"] / row["cycles"], 1, delta=0.03, msg=row)
        self.assertGreater(rows[6]["cycles"], rows[5]["cycles"])
        table = self.script(*lists).stdout
        self.assertIn(f"| {rows[0]['cycles']:,} |", table)
        self.assertIn("refused: limits.max_tokens is 64, 101 are needed", table)

    def test_what_is_not_there_is_said(self):
        self.assertIn("build it", self.script("--tool", "/no/such", expect=2).stderr)
        self.assertIn("expected a list", self.script("--experts", "a,b", expect=2).stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
