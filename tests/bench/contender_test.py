#!/usr/bin/env python3
"""Processes that take turns: what is kept of their times, and what becomes of one that fails."""
import subprocess
import sys
import tempfile
import types
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
BENCH = Path(__file__).parents[2] / "bench"
sys.path.insert(0, str(BENCH))
import contender  # noqa: E402
import shipped  # noqa: E402

try:
    import numpy as np
    import rivals
    from questions import rivals as question
except ImportError:
    np = None

# A rival that computes nothing, behind the protocol that the real ones speak.
WORKER = """
import sys
sys.dont_write_bytecode = True
sys.path.insert(0, {workers!r})
import protocol
class Tokens:
    def astype(self, kind): return self
    def tofile(self, path): open(path, "wb").write(b"tokens")
calls = []
def run():
    calls.append(1)
    if len(calls) > {good_runs}: raise RuntimeError("no more memory")
    return Tokens()
protocol.serve(run, 0.25)
"""


class ContenderTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def start(self, good_runs=1000, text=None):
        code = text or WORKER.format(workers=str(BENCH / "workers"), good_runs=good_runs)
        started = contender.Contender("rival", [sys.executable, "-c", code], 1, self.folder / "rival.log")
        self.addCleanup(started.kill)
        return started

    def test_turns_keep_every_time_and_a_median_a_pass(self):
        rivals = [self.start(), self.start()]
        contender.take_turns(rivals, passes=3, runs=2, label="test")
        for one in rivals:
            self.assertEqual((len(one.passes), len(one.all_ms)), (3, 6))
            self.assertEqual(one.load_ms, 250)
            self.assertGreater(one.memory_mib, 1)
            self.assertIsNotNone(one.process.returncode)

    def test_output_is_saved_where_it_is_asked_for(self):
        one, path = self.start(), self.folder / "with space"
        self.assertEqual(one.ask(f"save {path}"), "saved\n")
        one.end()
        self.assertEqual(path.read_bytes(), b"tokens")

    def test_failure_in_a_run_carries_what_the_process_said_and_the_others_go_on(self):
        other, dying = self.start(), self.start(good_runs=4)
        alive, failed = contender.take_turns([dying, other], passes=3, runs=2, label="test")
        self.assertEqual((alive, [one for one, _ in failed], len(other.passes)), ([other], [dying], 3))
        self.assertRegex(str(failed[0][1]), "RuntimeError: no more memory")
        self.assertIsNotNone(other.process.returncode)

    def test_failure_of_our_own_ends_the_question_and_all_processes(self):
        other, ours = self.start(), self.start(good_runs=2)
        ours.name = "edgemoe float"
        with self.assertRaisesRegex(contender.Failure, "no more memory"):
            contender.take_turns([other, ours], passes=3, runs=2, label="test")
        self.assertIsNotNone(other.process.returncode)

    def test_process_that_does_not_start_says_why(self):
        with self.assertRaisesRegex(contender.Failure, "ended with code 1: ModuleNotFoundError.*no_such_rival"):
            self.start(text="import no_such_rival")

    def test_other_first_words_are_refused(self):
        with self.assertRaisesRegex(contender.Failure, "expected \"ready <ms>\", found 'hello'"):
            self.start(text="print('hello')")

    def test_spread_has_median_and_quartiles(self):
        self.assertEqual(contender.spread([4.0, 1.0, 2.0, 3.0, 5.0]),
                         {"median": 3, "q1": 2, "q3": 4, "min": 1, "max": 5, "count": 5})
        self.assertEqual(contender.spread([7.0])["q3"], 7)

    def test_counts_are_words(self):
        self.assertEqual(contender.effort(1, 2), "1 pass of 2 runs")
        self.assertEqual(contender.effort(3, 1), "3 passes of 1 run")

    def test_ratio_is_taken_within_a_pass(self):
        self.assertEqual(contender.ratio([2.0, 20.0, 6.0], [1.0, 10.0, 2.0])["median"], 2)
        with self.assertRaises(ValueError):
            contender.ratio([1.0, 2.0], [1.0])

    def test_launch_tells_code_time_and_memory(self):
        command = [sys.executable, "-S", "-E", BENCH / "launch.py", sys.executable, "-c", "b = bytearray(64 << 20); raise SystemExit(3)"]
        code, wall_ns, peak_kib = map(int, subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())
        self.assertEqual(code, 3)
        self.assertGreater(wall_ns, 1e6)
        self.assertGreater(peak_kib, 64 << 10)


class ShippedTest(unittest.TestCase):
    def models(self, tool_text):
        with tempfile.TemporaryDirectory() as folder:
            tool = Path(folder) / "edgemoe"
            tool.write_text(f"#!/bin/sh\n{tool_text}\n", encoding="utf-8")
            tool.chmod(0o755)
            return shipped.models(types.SimpleNamespace(model=Path("m.safetensors"), out=Path(folder),
                                                        tools=types.SimpleNamespace(edgemoe=tool)))

    def test_model_is_run_as_float_as_int8_and_from_a_file_of_integers(self):
        found, missing = self.models("exit 0")
        self.assertEqual([(numbers, path.name) for numbers, path in found],
                         [("float", "m.safetensors"), ("int8", "m.safetensors"), ("int8", "m.int8.safetensors")])
        self.assertEqual(missing, [])

    def test_file_of_integers_that_cannot_be_made_is_named(self):
        found, missing = self.models("echo 'edgemoe: no room' >&2; exit 1")
        self.assertEqual(len(found), 2)
        self.assertEqual(missing, [{"name": "int8 from a file of integers", "reason": "edgemoe quantize: edgemoe: no room"}])


@unittest.skipUnless(np, "needs NumPy")
class RivalsTest(unittest.TestCase):
    def test_same_tokens_agree(self):
        tokens = np.random.default_rng(1).standard_normal((300, 8))
        found = rivals.agreement(tokens, tokens + 1e-6)
        rivals.require_agreement("float", found)
        rivals.require_agreement("int8", found)

    def test_a_token_whose_expert_differs_is_forgiven_many_are_not(self):
        tokens = np.random.default_rng(1).standard_normal((300, 8))
        other = tokens.copy()
        other[:2] *= -1
        rivals.require_agreement("float", rivals.agreement(tokens, other))
        other[:20] *= 1.1
        with self.assertRaisesRegex(contender.Failure, "not the same network"):
            rivals.require_agreement("float", rivals.agreement(tokens, other))

    def test_another_network_fewer_tokens_and_nan_are_refused(self):
        tokens = np.random.default_rng(1).standard_normal((300, 8))
        with self.assertRaisesRegex(contender.Failure, "cosine"):
            rivals.require_agreement("int8", rivals.agreement(tokens, tokens[::-1]))
        with self.assertRaisesRegex(contender.Failure, "expected tokens of shape"):
            rivals.agreement(tokens, tokens[1:])
        with self.assertRaisesRegex(contender.Failure, "not finite"):
            rivals.agreement(tokens, tokens * np.nan)

    def test_every_rival_has_a_worker_and_a_bound(self):
        for rival in rivals.RIVALS:
            self.assertTrue((rivals.WORKERS / rivals.WORKER[rival.package]).is_file())
            self.assertIn(rival.numbers, rivals.TOKENS_WITHIN | rivals.COSINE)

    def test_package_that_is_not_there_is_named_with_the_reason_of_its_installer(self):
        with tempfile.TemporaryDirectory() as folder:
            field = rivals.Field({"no_such_rival": sys.executable}, Path(folder))
            with self.assertRaisesRegex(contender.Failure, "not installed: ModuleNotFoundError"):
                field.version("no_such_rival")
            (Path(folder) / "no_such_rival.log").write_text("long story\nERROR: no space left\n", encoding="utf-8")
            with self.assertRaisesRegex(contender.Failure, "not installed: ERROR: no space left"):
                field.version("no_such_rival")

    def test_only_rivals_that_compute_the_same_are_timed(self):
        tokens = np.random.default_rng(1).standard_normal((300, 8))
        answers = {"same": tokens, "other": tokens[::-1], "ours": tokens}
        subject = types.SimpleNamespace(ours=lambda threads, numbers: "ours", tokens=answers.get)
        field = rivals.Field({}, without=["unwanted"])
        field.start = lambda rival, subject, threads: rival.name
        asked = [rivals.Rival(name, "package", "float") for name in ("same", "other", "an unwanted one")]
        good, missing = field.checked(subject, asked)
        self.assertEqual([(rival.name, found["tokens_within"]) for rival, found in good], [("same", 1)])
        self.assertEqual([entry["name"] for entry in missing], ["other", "an unwanted one"])
        self.assertIn("not the same network", missing[0]["reason"])
        self.assertIn("left out with --without", missing[1]["reason"])

    def test_fastest_rival_of_a_type_is_the_one_compared_with(self):
        def row(name, numbers, *times_ours):
            return {"name": name, "numbers": numbers,
                    "times_ours": {ours: {"median": times} for ours, times in zip(("float", "int8"), times_ours)}}
        rows = question.against_fastest([row("edgemoe float", "float", 1, 2), row("edgemoe int8", "int8", 0.5, 1),
                                         row("slow", "float", 3, 6), row("quick", "float", 2.5, 5),
                                         row("small", "int8", 1.5, 3)], 1)
        self.assertEqual([(row["ours"], row["rival"], row["times_as_fast"]["median"], row["goal"]) for row in rows],
                         [("int8", "small", 3, 2.5), ("int8", "quick", 5, 4.5), ("float", "quick", 2.5, 1.3)])
        self.assertEqual({row["threads"] for row in rows}, {1})


if __name__ == "__main__":
    unittest.main()
