"""The command line, the configuration and the files of a run, without a run."""
import contextlib
import io
import json
import os
import pickle
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from common import ROOT, TRAINING, tiny_config
import torch

from atomic import write_atomically
from configuration import check_config, read_config
from export import export
from layout import DataError
from options import make_parser, parse_numbers
from report import drop_after
from state import check_same_run, load_state


class Starting(unittest.TestCase):
    def test_nothing_loads_the_blas_before_it_is_set_up(self):
        for module in ("train", "options", "layout", "runtime"):
            script = f"import sys, {module}; sys.exit(bool({{'torch', 'numpy'}} & set(sys.modules)))"
            done = subprocess.run([sys.executable, "-c", script], cwd=TRAINING)
            self.assertEqual(done.returncode, 0, module)

    def test_help_shows_examples(self):
        done = subprocess.run([sys.executable, TRAINING / "train.py", "--help"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0)
        self.assertIn("train.py --config edgemoe-street --data", done.stdout)

    def test_numbers_without_sense_are_refused(self):
        def parse(*arguments):
            return make_parser().parse_args(["--config", "a", "--data", "b", "-o", "c", "--steps", "1", *arguments])

        ends = {"drop-path": ["1"], "average": ["1", "1.5"], "lr": ["0"], "val-fraction": ["0", "1"], "batch": ["0", "65537"],
                "one-router": ["1.1"], "workers": ["0", "65"], "threads": ["0", "1025"], "steps": ["0", "1.5", "2147483648"],
                "seed": ["1e3", str(2 ** 63)], "warmup": ["1.5"], "hours": ["0"], "clip": ["0"], "head-lr": ["0"]}
        numeric = [action.option_strings[0][2:] for action in make_parser()._actions
                   if callable(action.type) and action.type is not parse_numbers]
        self.assertGreater(len(numeric), 15)
        for name in numeric:
            for value in ("-1", "-5.5", "nan", "inf", "-inf", "1e999", "x", "", *ends.pop(name, ())):
                said = io.StringIO()
                with self.assertRaises(SystemExit) as exit, contextlib.redirect_stderr(said):
                    parse(f"--{name}={value}")
                self.assertEqual(exit.exception.code, 2)
                self.assertRegex(said.getvalue(), f"--{name}: '{value}': expected", f"{name} {value}")
        self.assertEqual(ends, {})
        for name in ("share", "task-weight", "far"):
            for value in ("depth=nan", "depth=-1", "depth=inf", "depth=", "depth", "depth=1,depth=2"):
                said = io.StringIO()
                with self.assertRaises(SystemExit) as exit, contextlib.redirect_stderr(said):
                    parse(f"--{name}={value}")
                self.assertEqual(exit.exception.code, 2)
                self.assertRegex(said.getvalue(), f"--{name}: ('{value}': expected .*=NUMBER|depth stands there twice)")
        self.assertEqual(parse("--far", "a=b=5").far, {"a=b": 5})
        ends = parse("--drop-path", "0", "--average", "0", "--warmup", "0", "--one-router", "1", "--share", "depth=0.5")
        self.assertEqual((ends.drop_path, ends.average, ends.warmup, ends.one_router, ends.share),
                         (0, 0, 0, 1, {"depth": 0.5}))

    def test_threads_are_those_given_or_of_the_environment_or_the_cores(self):
        for setting, given, expected in (("7", None, 7), ("7", 3, 3), ("5,2", None, 5), ("", None, None),
                                         ("many", None, None)):
            expected = expected or max(1, len(os.sched_getaffinity(0)) // 2)
            done = subprocess.run([sys.executable, "-c", f"import runtime; print(runtime.prepare({given}, 2))"],
                                  cwd=TRAINING, env=dict(os.environ, OMP_NUM_THREADS=setting), capture_output=True)
            self.assertEqual(done.stdout.split(), [str(expected).encode()], (setting, given))

    def test_a_wrong_matrix_product_is_a_sentence(self):
        script = ("import sys, runtime, train\n"
                  "def break_blas(prepare=runtime.prepare):\n"
                  "    threads = prepare(1)\n    import torch\n"
                  "    product = torch.Tensor.__matmul__\n"
                  "    wrong = {torch.float32: 1.5}\n"
                  "    torch.Tensor.__matmul__ = lambda a, b: product(a, b) * wrong.get(a.dtype, 1)\n"
                  "    return threads\n"
                  "runtime.prepare = lambda *_: break_blas()\n"
                  "sys.exit(train.main())\n")
        command = [sys.executable, "-c", script, "--config", "a", "--data", "b", "-o", "c", "--steps", "1"]
        done = subprocess.run(command, cwd=TRAINING, capture_output=True, text=True)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertRegex(done.stderr, r"^train: the matrix product of this machine's BLAS is wrong; .*\n$")

    def test_signals_end_the_step_or_the_process(self):
        """(script, exit code): a signal outside the steps, one among them, a second one."""
        once = "os.kill(os.getpid(), signal.SIGTERM); time.sleep(0.1)\n"
        for script, code in ((f"with stop: pass\n{once}", -signal.SIGTERM),
                             (f"with stop: {once}sys.exit(stop.signal)", signal.SIGTERM),
                             (f"with stop: {once[:-1]}; {once}", -signal.SIGTERM)):
            script = f"import os, signal, sys, time, train\nstop = train.Stop()\n{script}\n"
            self.assertEqual(subprocess.run([sys.executable, "-c", script], cwd=TRAINING).returncode, code, script)


class Files(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="edgemoe-training-"))
        self.addCleanup(shutil.rmtree, self.folder)


class RunFiles(Files):
    def test_settings_that_make_another_run_may_not_change(self):
        begun = {"lr": 1e-3, "weight_decay": 0.05, "no_augment": False, "steps": 10, "task_weight": {"depth": 1.0}}
        for name in ("val_fraction", "no_augment", "average", "weight_decay", "head_lr", "balance", "gate_noise",
                     "drop_path", "clip", "warmup", "task_weight", "training_pictures", "workers"):
            with self.assertRaisesRegex(DataError, f"run: was begun with {name} = .*, now other"):
                check_same_run(begun, dict(begun, **{name: "other"}), "run")
        for name in ("steps", "hours", "threads", "val_every", "log_every", "save_minutes", "export_dtype"):
            check_same_run(begun, dict(begun, **{name: "other"}), "run")

    def test_a_state_of_another_format_is_refused(self):
        # Format 1 knew no --far.
        for state in ({"settings": {}}, {"format": 1, "settings": {"lr": 1e-3}}, [1]):
            torch.save(state, self.folder / "state.pt")
            for read in (load_state, export):
                with self.assertRaisesRegex(DataError, r"state\.pt: is a state of format (None|1), this .* reads 2: go on with"):
                    read(self.folder)
        for damaged in (b"", b"no state", pickle.dumps(3), b"PK\3\4"):
            (self.folder / "state.pt").write_bytes(damaged)
            with self.assertRaisesRegex(DataError, r"state\.pt: (cannot be read|is a state of format None)"):
                load_state(self.folder)

    def test_a_file_is_replaced_whole_or_not_at_all(self):
        path = self.folder / "file"
        path.write_bytes(b"old")

        def fail(file):
            file.write(b"half")
            raise OSError("disk full")

        with self.assertRaises(OSError):
            write_atomically(path, fail)
        self.assertEqual(path.read_bytes(), b"old")
        write_atomically(path, lambda file: file.write(b"new"))
        self.assertEqual(path.read_bytes(), b"new")
        self.assertEqual([other.name for other in self.folder.glob("file*")], ["file"])

    def test_the_log_is_cut_beside_the_old_one(self):
        lines = [json.dumps({"kind": "train", "step": step, "losses": {}}) + "\n" for step in (5, 10, 15)]
        log, old = self.folder / "log.jsonl", self.folder / "old"
        log.write_text("".join(lines) + '{"kind": "tr')
        os.link(log, old)
        drop_after(self.folder, 10)
        self.assertEqual(log.read_text(), "".join(lines[:2]))
        self.assertTrue(old.read_text().startswith("".join(lines)))


class Configurations(Files):
    def test_what_no_network_can_be_is_named_with_its_place(self):
        def lacking(key, inside=None):
            config = tiny_config()
            del (config if inside is None else config[inside])[key]
            return config

        def with_tasks(place, **values):
            config = tiny_config()
            config["tasks"][place].update(values)
            return config

        def inside(part, **values):
            return tiny_config(**{part: dict(tiny_config()[part], **values)})

        for config, message in (
                (lacking("tasks"), "missing tasks"), (lacking("moe"), "missing moe"), (lacking("head"), "missing head"),
                (lacking("mean", "input"), r"missing input\.mean"), (lacking("top_k", "moe"), r"missing moe\.top_k"),
                (tiny_config(embed=3), "unknown embed "), ([1], "the document: expected an object"),
                (tiny_config(tasks=[]), "tasks: expected an array of 1 to 6"),
                (tiny_config(tasks=[3]), r"tasks\[0\]: expected an object"),
                (tiny_config(embed_dim="32"), 'embed_dim: expected a whole number from 1 to 8192, found "32"'),
                (tiny_config(depth=True), "depth: expected a whole number"),
                (tiny_config(num_heads=5), "a divisor of embed_dim"),
                (inside("input", width=50), r"input\.width: expected a multiple of patch_size"),
                (inside("input", deviation=[1, 1, 0]), r"input\.deviation\[2\]: expected a number"),
                (inside("moe", blocks=[1, 4]), r"moe\.blocks: expected ascending indices below 4"),
                (inside("moe", blocks=[]), r"moe\.blocks: expected an array"),
                (inside("moe", top_k=5), r"moe\.top_k: expected at most num_experts"),
                (inside("head", upsample=3), r"head\.upsample: expected one of 1, 2, \"shuffle2\""),
                (inside("head", channels=64, upsample="shuffle16"), "times the square of the shuffle"),
                (with_tasks(0, outputs=3), r"tasks\[0\]\.class_names: expected none or as many as outputs"),
                (with_tasks(1, outputs=2), r"tasks\[1\]\.outputs: expected 3 for normals"),
                (with_tasks(1, name="depth", outputs=1), r"tasks\[2\]\.name: expected each task once"),
                *((with_tasks(0, class_names=["a", "b", "c", name]), r"tasks\[0\]\.class_names\[3\]: expected 1 to 64 bytes")
                  for name in ("", "a\nb", "\x85", "ü" * 33, "\ud800", 3)),
                (with_tasks(2, unit="m" * 20), r"tasks\[2\]\.unit: expected 0 to 19 bytes"),
                (with_tasks(0, unit="m"), r"tasks\[0\]\.unit")):
            path = self.folder / "mine.json"
            path.write_text(json.dumps(config))
            with self.assertRaisesRegex(DataError, rf"mine\.json: .*{message}"):
                read_config(path, None)

        self.read_classes(["Straße", "道路", "a=b, c", "ü" * 32])

    def read_classes(self, names):
        config = tiny_config()
        config["tasks"][0]["class_names"] = names
        path = self.folder / "mine.json"
        path.write_text(json.dumps(config, ensure_ascii=False), encoding="utf-8")
        self.assertEqual(read_config(path, None)["tasks"][0]["class_names"], names)

    def test_files_that_are_no_configuration_are_named(self):
        path = self.folder / "mine.json"
        for text, message in ((b"{", "not JSON"), (b'{"a": 1, "a": 2}', "the key 'a' stands twice"), (b"\xff", "not JSON"),
                              (b"[" * 100000, "too many brackets"), (b'{"a": NaN}', "NaN is no number"),
                              (b" " * (1 << 21), "larger than 1048576 bytes")):
            path.write_bytes(text)
            with self.assertRaisesRegex(DataError, rf"mine\.json: .*{message}"):
                read_config(path, None)
        for name in ("nowhere.json", "nothing", str(self.folder)):
            with self.assertRaisesRegex(DataError, f"--config {name}: .* is no file; .*edgemoe-street"):
                read_config(name, None)

    def test_every_named_configuration_is_one(self):
        paths = sorted((ROOT / "configs" / "models").glob("*.json"))
        self.assertGreater(len(paths), 5)
        for path in paths:
            check_config(json.loads(path.read_text()))

class Tables(Files):
    def report(self, columns):
        """A report with other numbers in each column."""
        results = {"semseg": {}, "depth": {}, "normals": {}}
        for place, column in enumerate(columns):
            results["semseg"][column] = {"mean_iou": 0.25 + place / 2, "pixel_accuracy": None, "classes": [
                {"name": "road", "iou": 0.5 + place / 4}, {"name": "sky", "iou": None}]}
            results["depth"][column] = {"abs_rel": 0.5 - place / 4, "rmse": 8.0, "delta_1": 0.125}
            results["normals"][column] = {"mean_degrees": 30.0 - place, "median_degrees": 20.0}
        return {"data": {"scored_pictures": 4}, "results": results}

    def tables(self, report):
        path = self.folder / "report.json"
        path.write_text(json.dumps(report))
        done = subprocess.run([sys.executable, TRAINING / "score_tables.py", path], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        return done.stdout

    def test_a_report_without_a_prior_has_one_column(self):
        text = self.tables(self.report(["model"]))
        for line in ("4 pictures.", "|  | model |", "| segmentation: mIoU | 0.250 |", "| pixel accuracy | – |",
                     "| depth: abs-rel | 0.500 |", "| IoU of | model |", "| road | 0.500 |", "| sky | – |"):
            self.assertIn(line, text.splitlines())

    def test_a_report_with_prior_and_routing_has_all(self):
        shares = {"semseg": {"shares": [0.75, 0.25]}, "depth": {"shares": [0.5, 0.5]}}
        report = dict(self.report(["prior", "model"]), prior={"pictures": 9}, routing=[
            {"block": 1, "tasks": shares, "distances": [{"tasks": ["semseg", "depth"], "total_variation": 0.25}]}])
        text = self.tables(report)
        for line in ("4 pictures; prior from 9.", "|  | prior | model |", "| segmentation: mIoU | 0.250 | 0.750 |",
                     "| normals: mean angle, degrees | 30.0 | 29.0 |", "| road | 0.500 | 0.750 |",
                     "| 1 | 50.0 % | semseg–depth 0.250 |"):
            self.assertIn(line, text.splitlines())


if __name__ == "__main__":
    unittest.main()
