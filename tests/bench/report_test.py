#!/usr/bin/env python3
"""Results to tables and plots: what stands in them, and what a document keeps when they are put into it."""
import contextlib
import io
import json
import sys
import tempfile
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).parents[2] / "bench"))
import plot  # noqa: E402
import questions  # noqa: E402
import report  # noqa: E402

try:
    import matplotlib
except ImportError:
    matplotlib = None


def spread(median):
    return {"median": median, "q1": median * 0.9, "q3": median * 1.1, "min": median * 0.8, "max": median * 2, "count": 5}


def contender(name, numbers, ms, threads=1):
    return {"name": name, "threads": threads, "numbers": numbers, "ms": spread(ms), "load_ms": 12.3, "memory_mib": 99.6,
            "times_ours": {"float": spread(ms / 20), "int8": spread(ms / 5)}}


COMMON = {"machine": {"cpu": "Test 1", "processors": 2, "load": 0.1, "date": "2026-01-01", "versions": {"openvino": "9.9"}},
          "quick": False, "effort": "4 passes of 2 runs"}
FASTEST = [{"threads": 1, "ours": "int8", "theirs": "int8", "rival": "Other", "times_as_fast": spread(2.6), "goal": 2.5},
           {"threads": 1, "ours": "float", "theirs": "float", "rival": "Other", "times_as_fast": spread(1.2), "goal": 1.3},
           {"threads": 2, "ours": "int8", "theirs": "float", "rival": "Other", "times_as_fast": spread(5), "goal": None}]
ROWS = [contender("edgemoe float", "float", 20), contender("edgemoe int8", "int8", 5), contender("Other", "float", 123.4)]
RESULTS = {
    "rivals": COMMON | {"config": "some-network", "agreement": {"Other": {"cosine": 0.999876}}, "rows": ROWS, "fastest": FASTEST,
                        "missing": [{"name": "Third", "reason": "not installed: no space"},
                                    {"name": "Fourth", "threads": 2, "reason": "ended with code 1: boom"}]},
    "ourselves": COMMON | {"config": "some-network", "rows": [
        {"numbers": "int8", "name": "two tasks in one call", "ms": spread(9), "times_plain": spread(1.8)}]},
    "tokens": COMMON | {"config": "small", "tokens": 2049, "rows": ROWS, "fastest": FASTEST[:1], "missing": [], "growth": [
        {"numbers": "float", "tokens": tokens, "ms": spread(tokens), "memory_mib": 100 + tokens / 64} for tokens in (129, 2049)] + [
        {"numbers": "int8", "tokens": tokens, "ms": spread(tokens), "memory_mib": 50.0} for tokens in (129, 2049)]},
    "first_map": COMMON | {"picture": "street.jpg", "goal_ms": 50, "goal_mib": 60, "rows": [
        {"numbers": "int8", "model": "m.safetensors", "model_mb": 18.5, "threads": 1, "tasks": "one task", "ms": spread(40),
         "memory_mib": spread(55)}]},
    "picture_to_maps": COMMON | {"picture": "street.jpg", "stages": ["decode", "backbone"], "rows": [
        {"numbers": "int8", "model": "m.safetensors", "threads": 1,
         "ms": {"decode": spread(1), "backbone": spread(5), "total": spread(6)}}]},
}


class ReportTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def report(self, *arguments):
        """(exit code, standard output, standard error)."""
        out, errors = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(errors):
            code = report.main([str(self.folder), *map(str, arguments)])
        return code, out.getvalue(), errors.getvalue()

    def write(self, *names):
        for name in names:
            (self.folder / f"{name}.json").write_text(json.dumps(RESULTS[name]), encoding="utf-8")

    def test_every_question_has_a_whole_table(self):
        for name in questions.ALL:
            text = report.markdown(name, RESULTS[name])
            self.assertIn("Measured 2026-01-01 on Test 1 (2 processors", text)
            self.assertNotIn("None", text)
            columns = None
            for line in text.splitlines():
                columns = (columns or line.count("|")) if line.startswith("|") else None
                if columns:
                    self.assertEqual(line.count("|"), columns, line)

    def test_rivals_show_spread_ratio_and_agreement(self):
        text = report.markdown("rivals", RESULTS["rivals"])
        self.assertIn("| 1 | Other | float | 123 (111 … 136) | 98.72 | 6.17 (5.55 … 6.79) | 24.68 (22.21 … 27.15) | 12 | 100 "
                      "| 0.99988 | measured |", text)
        self.assertIn("openvino 9.9; 4 passes of 2 runs.", text)

    def test_goals_are_held_against_the_median(self):
        text = report.markdown("rivals", RESULTS["rivals"])
        self.assertIn("| 1 | edgemoe int8 | Other (int8) | 2.60 (2.34 … 2.86) | 2.5 | yes |", text)
        self.assertIn("| 1 | edgemoe float | Other (float) | 1.20 (1.08 … 1.32) | 1.3 | no |", text)
        self.assertIn("| 2 | edgemoe int8 | Other (float) | 5.00 (4.50 … 5.50) |  |  |", text)

    def test_rivals_that_did_not_run_are_named_with_the_reason(self):
        text = report.markdown("rivals", RESULTS["rivals"])
        self.assertIn("- Third: not timed. not installed: no space\n- Fourth on 2 threads: not timed. ended with code 1: boom", text)

    def test_memory_growth_is_told_for_each_token(self):
        self.assertIn("| float | 2049 | 2049 (1844 … 2254) | 132 | 16.0 | measured |", report.markdown("tokens", RESULTS["tokens"]))

    def test_short_run_says_so(self):
        self.assertIn("not results", report.markdown("rivals", RESULTS["rivals"] | {"quick": True}))

    def test_tables_are_written_and_put_between_their_marks(self):
        self.write("rivals", "first_map")
        document = self.folder / "document.md"
        document.write_text("# A\n<!-- results: rivals -->\nold\n<!-- end -->\nkept\n<!-- results: first_map -->\n<!-- end -->\nlast\n",
                            encoding="utf-8")
        for _ in range(2):  # a second time changes nothing
            code, out, _ = self.report("--into", document)
            self.assertEqual(code, 0)
            text = document.read_text(encoding="utf-8")
            self.assertEqual([text.count(word) for word in ("old", "kept", "| Other |", "55.00 (49.50", "<!-- end -->")],
                             [0, 1, 1, 1, 2])
            self.assertTrue(text.endswith("<!-- end -->\nlast\n"))
        self.assertEqual((self.folder / "results.md").read_text(encoding="utf-8"), out[:-1])

    def test_document_without_marks_is_left_alone(self):
        self.write("rivals")
        document = self.folder / "document.md"
        document.write_text("nothing here\n", encoding="utf-8")
        code, _, errors = self.report("--into", document)
        self.assertEqual(code, 1)
        self.assertIn("expected the marks <!-- results: rivals -->", errors)
        self.assertEqual(document.read_text(encoding="utf-8"), "nothing here\n")

    def test_folder_without_results_says_what_to_run(self):
        code, _, errors = self.report()
        self.assertEqual(code, 1)
        self.assertIn("run scripts/bench first", errors)

    def test_broken_results_are_named(self):
        (self.folder / "rivals.json").write_text("{", encoding="utf-8")
        code, _, errors = self.report()
        self.assertEqual(code, 1)
        self.assertRegex(errors, "rivals.json: not JSON .*ask rivals again")

    def test_results_of_another_version_are_named(self):
        (self.folder / "rivals.json").write_text(json.dumps({"rows": []}), encoding="utf-8")
        code, _, errors = self.report()
        self.assertEqual(code, 1)
        self.assertIn("rivals.json: no 'machine' in it, as if another version had written it; ask rivals again", errors)

    def test_projects_document_has_all_marks(self):
        document = (Path(__file__).parents[2] / "docs" / "benchmarks.md").read_text(encoding="utf-8")
        for name in questions.ALL:
            self.assertIn(f"<!-- results: {name} -->", report.insert(document, name, "new\n"))

    @unittest.skipUnless(matplotlib, "needs matplotlib")
    def test_plots_are_pictures(self):
        drawn = {name: plot.draw(name, RESULTS[name], self.folder) for name in questions.ALL}
        self.assertEqual({name: len(paths) for name, paths in drawn.items()},
                         {"rivals": 1, "ourselves": 0, "tokens": 2, "first_map": 0, "picture_to_maps": 1})
        for paths in drawn.values():
            for path in paths:
                self.assertEqual(path.read_bytes()[:4], b"\x89PNG")


if __name__ == "__main__":
    unittest.main()
