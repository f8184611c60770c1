"""What train.py finds before it trains, on pictures of a user's own; and how its processes end."""
import contextlib
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import unittest
from pathlib import Path
from unittest import mock

from common import TRAINING, tiny_config, toy
import numpy as np
import torch

from layout import DataError, UsageError
from options import make_parser
from run_case import Case
import train

try:
    from PIL import Image
except ImportError as error:
    print(f"skipped: {error}; Debian has python3-pil")
    sys.exit(77)


class Own(Case):
    """The data is a folder of picture files."""

    def setUp(self):
        super().setUp()
        shutil.rmtree(self.data)
        generator = np.random.default_rng(1)
        for number in range(6):
            self.save_scene(self.data, number, generator)

    def save_scene(self, folder, number, generator):
        image, labels, depth, _normals = toy.render(generator, 40 + 8 * number, 60)
        for name, values in (("images", image), ("labels", labels),
                             ("depth", np.rint(depth * 256).clip(0, 65535).astype(np.uint16))):
            (folder / name).mkdir(parents=True, exist_ok=True)
            Image.fromarray(values).save(folder / name / f"a {number}.png")

    def command(self, run, *arguments, script="train.py"):
        command = super().command(run, *arguments, script=script)
        if script == "train.py":
            # Held out of the data unless a test says otherwise.
            place = command.index("--val")
            del command[place:place + 2]
            command[place:place] = ["--tasks", "semseg,depth"]
            command[command.index("--warmup") + 1] = "0"
        return command

    def refuse(self, message, *arguments, kind=DataError):
        """The fault is found before anything is packed. In this process, which has loaded torch already."""
        options = make_parser().parse_args(self.command("run", "--steps", "2", *arguments)[2:])
        said = io.StringIO()
        with contextlib.redirect_stdout(said), self.assertRaisesRegex(kind, message):
            train.leader(options)
        self.assertEqual(said.getvalue(), "")
        self.assertEqual(list((self.folder / "run").glob("cache/*")), [])

    def test_pictures_of_several_sizes_are_trained_on(self):
        text = self.call("run", "--steps", "2", "--warmup", "0")
        self.assertRegex(text, r"^packing 6 pictures of .*toy into ")
        self.assertIn("5 pictures to train on, 1 to validate", text)
        self.assertNotIn("warning", text)
        self.assertNotIn("Traceback", text)
        self.assertTrue((self.folder / "run" / "checkpoint.pth").is_file())

    def test_cheap_faults_are_found_before_the_packing(self):
        empty = self.folder / "empty"
        (empty / "images").mkdir(parents=True)
        self.refuse("no such folder", "--val", self.folder / "nowhere")
        self.refuse("empty: no ground truth for semseg, depth", "--val", empty)
        other = self.folder / "other"
        shutil.copytree(self.data, other)
        Image.new("RGB", (60, 40)).save(other / "labels" / "a 0.png")
        self.refuse("other/labels/a 0.png: expected a PNG of class numbers", "--val", other)
        self.refuse("other/labels/a 0.png: expected a PNG of class numbers", "--data", self.data, other)
        self.refuse("No such file", "--start-from", self.folder / "none.safetensors")
        (self.folder / "text.safetensors").write_text("x" * 100)
        self.refuse("not a model of edgemoe", "--start-from", self.folder / "text.safetensors")
        self.refuse("is no file", "--config", self.folder / "none.json")
        config = tiny_config(pos_embed_grid=[1, 1])
        self.config.write_text(json.dumps(config))
        self.refuse("pos_embed_grid is", kind=ValueError)

    def test_wrong_options_are_refused_as_such(self):
        if not torch.cuda.is_available():
            self.refuse("--device cuda: torch .* finds no GPU here", "--device", "cuda", kind=UsageError)
        self.refuse("--batch 9 is not a multiple of --workers 2", "--batch", "9", "--workers", "2", kind=UsageError)
        self.refuse("--share: edge: not a task", "--share", "edge=1", kind=UsageError)
        self.refuse("--tasks: '': not in configuration tiny", "--tasks", "", kind=UsageError)
        text = self.call("run", "--steps", "2", "--task-weight", "edge=1", expect=2)
        self.assertRegex(text, r"^train: --task-weight: edge: not a task of this run\n$")

    def test_a_resumed_run_is_checked_before_the_packing(self):
        self.call("run", "--steps", "1")
        shutil.rmtree(self.folder / "run" / "cache")
        self.refuse("was begun with seed = 1, now 2", "--seed", "2")
        self.save_scene(self.data, 6, np.random.default_rng(2))
        self.refuse("was begun with training_pictures = 5, now 6")
        (self.folder / "run" / "state.pt").write_bytes(b"no state")
        self.refuse("state.pt: cannot be read")

    def test_a_warmup_longer_than_the_run_is_warned_of(self):
        self.assertRegex(self.call("run", "--steps", "2", "--warmup", "3"), r"^warning: --steps 2 with --warmup 3: the learning "
                         "rate is still rising")

    def test_data_that_says_nothing_is_refused(self):
        for path in (self.data / "depth").iterdir():
            Image.fromarray(np.zeros_like(np.array(Image.open(path)).astype(np.uint16))).save(path)
        text = self.call("run", "--steps", "2", expect=1)
        self.assertRegex(text, r"train: .*toy: the depth is 0 \(none\) everywhere in the 5 pictures to train on: .* for depth;")

    def test_one_picture_needs_others_to_validate(self):
        for path in [*self.data.glob("*/*.png")]:
            if path.stem != "a 3":
                path.unlink()
        self.refuse("toy: one picture cannot be divided; give validation pictures with --val")
        self.call("run", "--steps", "2", "--val", self.data)

    def test_damaged_pictures_and_odd_names(self):
        path = self.data / "images" / "a 4.png"
        os.rename(path, os.fsencode(path.with_name("b\n")) + b"\xff.png")
        for name in ("labels", "depth"):
            old = self.data / name / "a 4.png"
            os.rename(old, os.fsencode(old.with_name("b\n")) + b"\xff.png")
        self.call("run", "--steps", "1")
        shutil.rmtree(self.folder / "run")
        path = self.data / "images" / "a 2.png"
        path.write_bytes(path.read_bytes()[:-200])
        text = self.call("run", "--steps", "1", expect=1)
        self.assertRegex(text, r"train: .*images/a 2\.png: damaged or cut off")
        self.assertNotIn("Traceback", text)
        path.write_bytes(b"")
        self.refuse(r"images/a 2\.png: no JPEG or PNG")


class Ending(Case):
    def test_too_little_memory_is_a_sentence(self):
        script = ("import sys, train\ndef fail(_): raise RuntimeError('[enforce fail] can\\'t allocate memory: you tried')\n"
                  "train.leader = fail\nsys.exit(train.main())\n")
        command = [sys.executable, "-c", script, *self.command("run", "--steps", "1")[2:]]
        done = subprocess.run(command, cwd=TRAINING, capture_output=True, text=True)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertRegex(done.stderr, r"^train: there was not memory enough \(.*\); a smaller --batch")

    def children_of(self, process):
        until = time.monotonic() + 60
        while time.monotonic() < until:
            children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
            if children:
                return [int(child) for child in children]
            time.sleep(0.05)
        raise AssertionError("no worker process was started")

    def assert_gone(self, child):
        """Within half a minute; one that has ended but was not waited for is gone, too."""
        until = time.monotonic() + 30
        while time.monotonic() < until:
            try:
                if Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                    return
            except OSError:
                return
            time.sleep(0.05)
        os.kill(child, signal.SIGKILL)
        raise AssertionError(f"process {child} outlived the first one")

    def kill_first(self, process):
        children = self.children_of(process)
        self.assertEqual(len(children), 1)
        process.kill()
        process.wait()
        self.assert_gone(children[0])

    def test_workers_end_with_the_first_process_while_they_work(self):
        with subprocess.Popen(self.command("run", "--steps", "100000", "--workers", "2"), stdout=subprocess.PIPE, text=True) as process:
            for line in process.stdout:
                if line.startswith("step 5 "):
                    break
            self.kill_first(process)

    def test_workers_end_with_the_first_process_wherever_they_are(self):
        """Here in the midst of their start, where no line to it has been opened yet that could break."""
        mark = self.folder / "sleeping"
        (self.folder / "sitecustomize.py").write_text(
            "import json, os, pathlib, time\n"
            "loads = json.loads\n"
            "def sleep(text, **options):\n"
            "    if 'embed_dim' in text:\n"
            f"        pathlib.Path({str(mark)!r}).touch()\n        time.sleep(3600)\n"
            "    return loads(text, **options)\n"
            "if 'EDGEMOE_TRAINING_RANK' in os.environ:\n    json.loads = sleep\n")
        with mock.patch.dict(os.environ, PYTHONPATH=str(self.folder)):
            process = subprocess.Popen(self.command("run", "--steps", "1", "--workers", "2"), stdout=subprocess.DEVNULL)
        while not mark.exists():
            self.assertIsNone(process.poll())
            time.sleep(0.05)
        self.kill_first(process)

    def test_a_worker_whose_first_process_is_gone_already_ends(self):
        environment = dict(os.environ, EDGEMOE_TRAINING_RANK="1", EDGEMOE_TRAINING_FOLDER=str(self.folder),
                           EDGEMOE_TRAINING_LEADER="1")
        done = subprocess.run(self.command("run", "--steps", "1", "--workers", "2"), env=environment, timeout=60)
        self.assertEqual(done.returncode, 1)
        self.assertFalse((self.folder / "came-1").exists())


if __name__ == "__main__":
    os.environ.setdefault("MPLBACKEND", "Agg")
    unittest.main()
