#!/usr/bin/env python3
"""What scripts/test_summary.py makes of ctest's result files: the counts, the reasons, and what must not pass."""
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

SCRIPT = Path(__file__).parents[2] / "scripts" / "test_summary.py"

PASSED = '<testcase name="a" status="run"><system-out>fine</system-out></testcase>'
FAILED = '<testcase name="b" status="fail"><failure message=""/><system-out>boom</system-out></testcase>'
SKIPPED = ('<testcase name="c" status="notrun"><skipped message="SKIP_REGULAR_EXPRESSION_MATCHED"/><system-out>'
           "[ RUN      ] T.c\n/x/t.cpp:9: Skipped\nno pictures\n  here\n\n[  SKIPPED ] T.c (0 ms)\n"
           "</system-out></testcase>")
NO_PROGRAM = '<testcase name="d" status="notrun"><skipped message="Unable to find executable"/></testcase>'


def summarise(*cases):
    """(exit code, lines printed) for a result file with these cases."""
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder) / "tests.xml"
        results.write_text(f"<testsuite>{''.join(cases)}</testsuite>", encoding="utf-8")
        return run(results)


def run(results):
    done = subprocess.run([sys.executable, SCRIPT, results], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout.splitlines()


class TestSummaryTest(unittest.TestCase):
    def test_counts_close_the_output(self):
        code, lines = summarise(PASSED, PASSED, SKIPPED)
        self.assertEqual((code, lines[-1]), (0, "2 passed, 0 failed, 1 skipped"))

    def test_reason_of_a_skip_is_told(self):
        _, lines = summarise(PASSED, SKIPPED)
        self.assertIn("  no pictures here", lines)
        self.assertIn("    c", lines)

    def test_failure_fails_and_is_named(self):
        code, lines = summarise(PASSED, FAILED)
        self.assertEqual((code, lines[-1]), (1, "1 passed, 1 failed, 0 skipped"))
        self.assertIn("  b", lines)

    def test_missing_program_is_a_failure_and_no_skip(self):
        code, lines = summarise(PASSED, NO_PROGRAM)
        self.assertEqual((code, lines[-1]), (1, "1 passed, 1 failed, 0 skipped"))

    def test_run_that_only_skipped_fails(self):
        code, lines = summarise(SKIPPED)
        self.assertEqual((code, lines[-1]), (1, "0 passed, 0 failed, 1 skipped"))

    def test_empty_run_fails(self):
        code, lines = summarise()
        self.assertEqual((code, lines[-1]), (1, "0 passed, 0 failed, 0 skipped"))

    def test_missing_results_fail(self):
        code, lines = run(Path("/nonexistent/tests.xml"))
        self.assertEqual((code, lines[-1]), (1, "0 passed, 1 failed, 0 skipped"))


if __name__ == "__main__":
    unittest.main()
