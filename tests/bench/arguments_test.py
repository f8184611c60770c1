#!/usr/bin/env python3
"""How bench.py takes its arguments: what it fills in, and what it refuses with a sentence."""
import contextlib
import io
import os
import sys
import tempfile
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).parents[2] / "bench"))
import bench  # noqa: E402
import questions  # noqa: E402


class ArgumentsTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.tools = Path(self.folder.name) / "build"
        (self.tools / "bin").mkdir(parents=True)
        for name in ("edgemoe", "engine_bench", "model", "picture"):
            (self.tools / "bin" / name).touch()

    def parse(self, *arguments, tools=None):
        return bench.parse(["--tools", str(tools or self.tools), "--out", "out", "--model", str(self.tools / "bin/model"), "--picture",
                            str(self.tools / "bin/picture"), *arguments])

    def refusal(self, *arguments, **how):
        errors = io.StringIO()
        with self.assertRaises(SystemExit) as ended, contextlib.redirect_stderr(errors):
            self.parse(*arguments, **how)
        self.assertEqual(ended.exception.code, 2)
        return errors.getvalue()

    def test_all_questions_are_asked_where_none_is_named(self):
        options = self.parse()
        self.assertEqual(options.questions, list(questions.ALL))
        self.assertEqual((options.passes, options.runs), (12, 6))

    def test_quick_run_is_short_but_obeys_numbers_given(self):
        self.assertEqual(self.parse("--quick").passes, 3)
        options = self.parse("rivals", "--quick", "--passes", "5")
        self.assertEqual((options.questions, options.passes, options.runs), (["rivals"], 5, 2))

    def test_every_question_has_a_module_and_a_table(self):
        folder = Path(bench.__file__).parent / "questions"
        self.assertEqual({path.stem for path in folder.glob("*.py")} - {"__init__"}, set(questions.ALL))
        self.assertEqual(set(bench.report.SHOW), set(questions.ALL))

    def test_unknown_question_is_refused_with_those_there_are(self):
        self.assertIn("no question speed; there are: rivals", self.refusal("speed"))

    def test_missing_programs_are_refused_with_how_to_build_them(self):
        said = self.refusal(tools=Path(self.folder.name) / "nowhere")
        self.assertIn("bin/edgemoe: no such file; build it: scripts/bench", said)

    def test_missing_model_is_refused(self):
        self.assertIn("none.safetensors: no such file", self.refusal("--model", "none.safetensors"))

    def test_no_passes_are_refused(self):
        self.assertIn("at least 1, found 0", self.refusal("--passes", "0"))

    def test_more_threads_than_processors_are_refused(self):
        processors = len(os.sched_getaffinity(0))
        self.assertIn(f"there are {processors} processors", self.refusal("--threads", "1", str(processors + 1)))


if __name__ == "__main__":
    unittest.main()
