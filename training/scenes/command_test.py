#!/usr/bin/env python3
"""command_test.py TOOL: edgemoe-scenes as a user runs it."""
import json
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

TOOL = Path(sys.argv[1]).resolve()
RANGES = Path(__file__).resolve().parent / "ranges"
DEFAULTS = {"--size": "16x32", "--threads": "2"}


class CommandTest(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="edgemoe-scenes-"))
        self.addCleanup(shutil.rmtree, self.folder)

    def command(self, *arguments, ranges="train", out="set"):
        defaults = [word for option in DEFAULTS.items() if option[0] not in arguments for word in option]
        return [TOOL, "--ranges", RANGES / f"{ranges}.json", "-o", self.folder / out, *defaults, *arguments]

    def run_tool(self, *arguments, expect=0, **kwargs):
        done = subprocess.run(self.command(*arguments, **kwargs), capture_output=True, text=True)
        self.assertEqual(done.returncode, expect, f"{arguments}\n{done.stdout}{done.stderr}")
        return done

    def files(self, out="set"):
        folder = self.folder / out
        return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    def nothing_is_left(self):
        self.assertEqual(list(self.folder.iterdir()), [])

    def test_help_says_how(self):
        done = subprocess.run([TOOL, "--help"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0)
        self.assertIn("Examples:", done.stdout)

    def test_set_in_parts_and_by_one_thread_is_the_same_set(self):
        self.run_tool("--count", "3", "--seed", "7")
        self.run_tool("--count", "2", "--first", "1", "--seed", "7", "--threads", "1", out="part")
        whole, part = self.files(), self.files("part")
        self.assertEqual(len(whole), 1 + 3 * 4)
        self.assertEqual(len(part), 1 + 2 * 4)
        for name in part:
            if name != "dataset.json":
                self.assertEqual(part[name], whole[name], name)
        self.assertEqual(json.loads(whole["dataset.json"])["count"], 3)

    def test_drive_has_its_frames(self):
        self.run_tool("--drive", "0.5", "--fps", "4", ranges="drive")
        self.assertEqual(json.loads(self.files()["dataset.json"])["count"], 2)
        for arguments, words in {("--drive", "0.1", "--fps", "1"): "shorter than a frame",
                                 ("--drive", "0.5", "--fps", "4", "--first", "2"): "2 frames, 0 to 1",
                                 ("--drive", "1", "--kind", "room"): "streets alone"}.items():
            done = self.run_tool(*arguments, expect=2, ranges="drive", out="other")
            self.assertIn(words, done.stderr)

    def test_wrong_options_are_usage_and_leave_nothing(self):
        for arguments, words in {(): "--count",
                                 ("--count", "0"): "--count",
                                 ("--count", "1", "--size", "16"): "--size",
                                 ("--count", "1", "--size", "16x8192"): "each from 16 to 4096",
                                 ("--count", "1", "--seed", "-1"): "--seed: expected a whole number",
                                 ("--count", "1", "--seed", "18446744073709551616"): "--seed: expected a whole number",
                                 ("--drive", "nan"): "found nan",
                                 ("--drive", "-1"): "found -1",
                                 ("--drive", "1", "--fps", "nan"): "found nan",
                                 ("--drive", "1", "--fps", "inf"): "found inf"}.items():
            with self.subTest(arguments):
                self.assertIn(words, self.run_tool(*arguments, expect=2).stderr)
        self.assertIn("missing.json", self.run_tool("--count", "1", ranges="missing", expect=1).stderr)
        self.nothing_is_left()

    def test_interrupt_leaves_nothing(self):
        for layout in ("files", "arrays"):
            process = subprocess.Popen(self.command("--count", "100000", "--layout", layout), stderr=subprocess.PIPE)
            partial = self.folder / "set.partial"
            deadline = time.monotonic() + 60
            while not partial.exists() and process.poll() is None and time.monotonic() < deadline:
                time.sleep(0.02)
            self.assertTrue(partial.exists())
            process.send_signal(signal.SIGINT)
            errors = process.communicate(timeout=60)[1].decode()
            self.assertEqual(process.returncode, -signal.SIGINT, errors)
            self.assertIn("interrupted; nothing was kept", errors)
            self.nothing_is_left()

    def test_what_a_killed_run_left_is_replaced_when_told(self):
        stale = self.folder / "set.partial/images/old.jpg"
        stale.parent.mkdir(parents=True)
        stale.write_bytes(b"old")
        done = self.run_tool("--count", "1", expect=2)
        self.assertIn("--replace-partial", done.stderr)
        self.assertTrue(stale.exists())
        self.run_tool("--count", "1", "--replace-partial")
        self.assertEqual(len(self.files()), 1 + 4)
        self.assertEqual([path.name for path in self.folder.iterdir()], ["set"])

    def test_full_disk_is_said_before_the_work(self):
        done = self.run_tool("--count", "10000000", "--size", "4096x4096", expect=1)
        self.assertIn("the disk has", done.stderr)
        self.nothing_is_left()


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
