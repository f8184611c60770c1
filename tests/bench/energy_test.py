#!/usr/bin/env python3
"""energy_test.py TOOL: bench/energy without counters and with a folder that stands in for Linux's; no rival and no NumPy is needed."""
import importlib.util
import json
import subprocess
import sys
import tempfile
import unittest
from importlib.machinery import SourceFileLoader
from pathlib import Path

sys.dont_write_bytecode = True
BENCH = Path(__file__).resolve().parents[2] / "bench"
sys.path[:0] = [str(BENCH), str(BENCH.parent / "tests/cli")]
import contender  # noqa: E402
from powercap import count_energy  # noqa: E402

loader = SourceFileLoader("energy", str(BENCH / "energy"))
energy = importlib.util.module_from_spec(importlib.util.spec_from_loader("energy", loader))
loader.exec_module(energy)

TOOL = str(Path(sys.argv.pop(1)).resolve())

# Says into a file how many frames it has run, which take 5 ms each; dies after so many.
WORKER = """
import sys, time
sys.dont_write_bytecode = True
sys.path.insert(0, {workers!r})
import protocol
ran = 0
def run():
    global ran
    ran += 1
    if ran > {good_runs}: raise RuntimeError("no more memory")
    time.sleep(0.005)
    open({count!r}, "w").write(str(ran))
protocol.serve(run, 0.1)
"""


class EnergyTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        tools = self.folder / "build/bin"
        tools.mkdir(parents=True)
        (tools / "edgemoe").symlink_to(TOOL)
        (tools / "engine_bench").touch()

    def meter(self, powercap):
        return energy.Meter(TOOL, "tiny", powercap, "libno-such.so", 0.1)

    def start(self, name="rival", good_runs=100000):
        self.count = self.folder / f"{name}.count"
        code = WORKER.format(workers=str(BENCH / "workers"), good_runs=good_runs, count=str(self.count))
        started = contender.Contender(name, [sys.executable, "-c", code], 1, self.folder / f"{name}.log")
        self.addCleanup(started.kill)
        return started

    def run_script(self, *arguments):
        return subprocess.run([sys.executable, BENCH / "energy", "--tools", self.folder / "build", "--out", self.folder / "out", "--nvml",
                               "libno-such.so", *arguments], capture_output=True, text=True, check=False)

    def test_without_counters_nothing_is_run_and_each_is_said_not_to_be_available(self):
        done = self.run_script("--powercap", self.folder / "none", "--config", "m3vit-tiny-nyud", "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        results = json.loads(done.stdout)
        self.assertEqual(results["rows"], [])
        self.assertEqual([entry["name"] for entry in results["missing"]], ["processor", "GPU"])
        for entry in results["missing"]:
            self.assertTrue(entry["reason"])
        self.assertEqual((results["modelled"]["status"], results["modelled"]["network"]), ("modelled", "m3vit-tiny-nyud"))
        self.assertFalse((self.folder / "out").exists())
        said = self.run_script("--powercap", self.folder / "none").stdout  # of edgemoe-cityscapes
        self.assertIn("nothing was measured, and no contender was run", said)
        self.assertIn("- processor: not available: ", said)
        self.assertRegex(said, r"mJ a frame, modelled, .*no ratio")

    def test_the_counter_is_read_around_exactly_the_frames(self):
        one = self.start()
        self.assertTrue(energy.frames_of(one, 0.1) <= 20)
        before = int(self.count.read_text())
        device, = energy.measure(self.meter(count_energy(self, 1000)), one, 40)
        self.assertEqual(int(self.count.read_text()) - before, 40)
        self.assertEqual((device["device"], device["source"]), ("package-0", "RAPL"))
        self.assertGreater(device["joules_per_frame"], 0)
        # 5 ms a frame, and what the shell and the pipes take.
        self.assertGreaterEqual(device["seconds_per_frame"], 0.005)
        self.assertLess(device["seconds_per_frame"] * 40, 20)

    def test_a_counter_that_stands_still_is_a_failure_with_the_reason(self):
        with self.assertRaisesRegex(contender.Failure, "did not move"):
            energy.measure(self.meter(count_energy(self, 0)), self.start(), 2)

    def test_a_rival_that_fails_loses_its_turns_and_edgemoe_ends_the_run(self):
        meter = self.meter(count_energy(self, 1000))
        good, bad = self.start("edgemoe float"), self.start("bad", good_runs=8)
        readings, failed = energy.take_turns([bad, good], meter, passes=2, seconds=0.03)
        self.assertEqual((list(readings), len(readings[good])), ([good], 2))
        self.assertEqual(failed[0]["name"], "bad")
        self.assertIn("no more memory", failed[0]["reason"])
        with self.assertRaisesRegex(contender.Failure, "no more memory"):
            energy.take_turns([self.start("edgemoe int8", good_runs=8)], meter, passes=2, seconds=0.03)

    def test_ratios_are_of_measured_joules_within_a_pass(self):
        def reading(joules):
            return [{"device": "package-0", "source": "RAPL", "joules_per_frame": joules, "joules_per_frame_above_idle": joules / 2,
                     "seconds_per_frame": 0.01, "idle_watts": 5}]

        class One:
            def __init__(self, name):
                self.name = name
        # The machine draws twice as much in the second pass: medians would say something else.
        rows = energy.rows_of({One("edgemoe float"): [reading(1), reading(2), reading(1)], One("rival"): [reading(3), reading(6), reading(3)]})
        self.assertEqual([row["times"]["edgemoe float"]["median"] for row in rows], [1, 3])
        self.assertEqual(rows[1]["times"]["edgemoe float"]["max"], 3)
        self.assertEqual({row["status"] for row in rows}, {"measured"})
        shown = energy.text({"config": "c", "threads": 1, "passes": 3, "rows": rows, "missing": [],
                             "modelled": {"design": "d", "format": "w8a8", "network": "n", "millijoules": [9.0, 34.0]}})
        self.assertIn("| rival | package-0 (RAPL) | 3000 | 1500 | 10.00 | 3.00 | measured |", shown)

    def test_wrong_options_are_refused_with_a_sentence(self):
        for arguments, message in ((["--threads", "100000"], "processors"), (["--seconds", "0"], "above 0"), (["--passes", "0"], "at least 1"),
                                   (["--tools", self.folder / "no"], "build it: scripts/bench")):
            done = self.run_script(*arguments)
            self.assertEqual(done.returncode, 2)
            self.assertIn(message, done.stderr)
        self.assertIn("Examples:", self.run_script("--help").stdout)


if __name__ == "__main__":
    unittest.main()
