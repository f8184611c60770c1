"""Whole runs of train.py and export.py in a folder of their own."""
import json
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from common import TRAINING, tiny_config, toy


class Case(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="edgemoe-training-"))
        self.addCleanup(shutil.rmtree, self.folder)
        self.data = self.folder / "toy"
        toy.write_arrays(self.data, 32, 32, 48, seed=7)
        self.config = self.folder / "tiny.json"
        self.config.write_text(json.dumps(tiny_config()))

    def command(self, run, *arguments, script="train.py"):
        common = ["--config", self.config, "--data", self.data, "--val", self.data, "--batch", "12", "--threads", "1",
                  "--workers", "1", "--warmup", "10", "--log-every", "5", "-o", self.folder / run]
        return [sys.executable, TRAINING / script, *map(str, common if script == "train.py" else [self.folder / run]),
                *map(str, arguments)]

    def call(self, run, *arguments, expect=0, script="train.py"):
        done = subprocess.run(self.command(run, *arguments, script=script), capture_output=True, text=True)
        self.assertEqual(done.returncode, expect, f"{arguments}\n{done.stdout}{done.stderr}")
        return done.stdout + done.stderr
