#!/usr/bin/env python3
"""load_server_test.py: what scripts/load_server.py lets pass, and what it does not."""
import importlib.util
import unittest
from pathlib import Path

SCRIPT = Path(__file__).resolve().parents[2] / "scripts/load_server.py"
spec = importlib.util.spec_from_file_location("load_server", SCRIPT)
load_server = importlib.util.module_from_spec(spec)
spec.loader.exec_module(load_server)


class Judge(unittest.TestCase):
    def test_what_is_expected_passes(self):
        for name, (needed, allowed) in load_server.PHASES.items():
            self.assertEqual(load_server.judge(name, {answer: 5 for answer in needed | allowed}), [], name)
            self.assertEqual(load_server.judge(name, {answer: 5 for answer in needed}), [], name)

    def test_no_answers_are_a_fault_of_every_phase(self):
        for name in load_server.PHASES:
            self.assertTrue(load_server.judge(name, {}), name)

    def test_other_answers_are_faults(self):
        for counts in ({200: 9, 500: 1}, {429: 100}, {200: 9, 400: 1}):
            self.assertEqual(len(load_server.judge("pictures, 8 connections", counts)), 1, counts)
        self.assertTrue(load_server.judge("bad requests again", {200: 1, 400: 5, 413: 5}), "a bad request that is served")
        held = {"header held to the end": 66, "body cut off": 66, "reader cut off": 66}
        self.assertEqual(len(load_server.judge("slow clients, 198 connections", held)), 2)

    def test_memory_that_grows_is_a_fault(self):
        floods = load_server.FIRST_FLOOD, load_server.LAST_FLOOD
        self.assertEqual(load_server.judge_memory(dict(zip(floods, (100, 140)))), [])
        self.assertTrue(load_server.judge_memory(dict(zip(floods, (100, 160)))))
        self.assertTrue(load_server.judge_memory({floods[0]: 100}), "a run that broke off")


if __name__ == "__main__":
    unittest.main()
