#!/usr/bin/env python3
"""eval_test.py TOOL SOURCE: `edgemoe eval` as a user runs it, on small folders of every layout made here."""
import csv
import json
import os
import pty
import signal
import struct
import subprocess
import sys
import unittest

import png
from cli_test import SOURCE, TOOL, ToolTest

WIDTH, HEIGHT = 30, 20
PIXELS = WIDTH * HEIGHT
TINY_CLASSES = ["road", "house", "sky", "person", "car"]  # those of the model "tiny"
CITYSCAPES = ["road", "sidewalk", "building", "wall", "fence", "pole", "traffic light", "traffic sign", "vegetation",
              "terrain", "sky", "person", "rider", "car", "truck", "bus", "train", "motorcycle", "bicycle"]


def npy(descr, shape, data):
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}".encode()
    header += b" " * (63 - (10 + len(header)) % 64) + b"\n"
    return b"\x93NUMPY\x01\0" + struct.pack("<H", len(header)) + header + data


class Eval(ToolTest):
    def write(self, name, data):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path

    def grey(self, name, samples, bits=8):
        data = bytes(samples) if bits == 8 else b"".join(struct.pack(">H", v) for v in samples)
        return self.write(name, png.encode(WIDTH, HEIGHT, data, "grey", bits))

    def rgb(self, name, seed):
        return self.write(name, png.encode(WIDTH, HEIGHT, bytes((i * seed + i // 7) % 256 for i in range(3 * PIXELS))))

    def files_set(self, name="set", count=3):
        """A folder in the layout "files": labels of four classes and one row ignored, depth with a hole."""
        self.write(f"{name}/dataset.json", json.dumps(
            {"format": "edgemoe-dataset 1", "layout": "files", "count": count, "classes": TINY_CLASSES, "ignore": 255,
             "depth_unit": "m", "tasks": ["semseg", "depth"], "seed": 77, "ranges": "test"}).encode())
        for i in range(count):
            self.rgb(f"{name}/images/{i:06}.png", i + 3)
            labels = [255 if p < WIDTH else (p + i) % 4 for p in range(PIXELS)]
            self.grey(f"{name}/labels/{i:06}.png", labels)
            self.grey(f"{name}/depth/{i:06}.png", [0 if p % 10 == 0 else 256 + p for p in range(PIXELS)], 16)
        return self.folder / name

    def eval(self, data, *options, expect=0):
        return self.tool("eval", "--model", self.model, "--data", data, *options, expect=expect)

    def fails(self, words, data, *options, expect=1):
        done = self.eval(data, *options, expect=expect)
        self.assertIn(words, done.stderr)
        self.assertEqual(done.stdout, "")

    def test_frames_have_their_flicker_measured_and_a_video_made(self):
        data = self.files_set(count=4)
        report = json.loads(self.eval(data, "--flicker", "--json").stdout)
        still = report["flicker"]["depth"]["still_pixels"]  # the truth is the same, with a hole; untrained depths may be none
        self.assertTrue(0 < still <= 3 * PIXELS * 9 // 10, still)
        self.assertGreater(report["flicker"]["depth"]["mean"], 0)
        self.assertEqual(report["flicker"]["semseg"]["still_pixels"], 0)  # every label moves on
        self.assertIsNone(report["flicker"]["semseg"]["mean"])
        calm = json.loads(self.eval(data, "--steady", "0.8", "--json").stdout)
        self.assertEqual(calm["settings"]["steady"], 0.8)
        self.assertLess(calm["flicker"]["depth"]["mean"], report["flicker"]["depth"]["mean"])
        self.fails("--steady", data, "--steady", "1", expect=2)
        self.fails(".mp4", data, "--video", self.folder / "a.avi", expect=2)
        if json.loads(self.tool("doctor", "--json").stdout)["video"]:
            self.assertIn("flicker from frame to frame", self.eval(data, "--video", self.folder / "a.mp4").stdout)
            self.assertIn(b"ftyp", (self.folder / "a.mp4").read_bytes()[:12])

    def test_table_report_and_csv_agree(self):
        data = self.files_set()
        done = self.eval(data, "--prior", data, "--routing", "-o", self.folder / "r.json",
                         "--per-picture", self.folder / "p.csv")
        report = json.loads((self.folder / "r.json").read_text())
        self.assertEqual(report["model"]["trained"], False)
        self.assertIn("UNTRAINED", done.stdout)
        self.assertEqual(report["data"]["dataset.json"]["seed"], 77)
        self.assertEqual(report["data"]["dataset.json"]["ranges"], "test")
        self.assertEqual(report["not_scored"].keys(), {"normals"})
        semseg = report["results"]["semseg"]["model"]
        self.assertEqual(semseg["ignored_pixels"], 3 * WIDTH)
        self.assertEqual(semseg["scored_pixels"], 3 * (PIXELS - WIDTH))
        self.assertRegex(done.stdout, rf"(?m)^  mean IoU +{semseg['mean_iou']:.4f}")
        depth = report["results"]["depth"]["model"]
        self.assertEqual(depth["without_truth_pixels"], 3 * PIXELS // 10)
        self.assertRegex(done.stdout, rf"abs rel +{depth['abs_rel']:.4f}")
        self.assertIn("prior", report["results"]["depth"])
        self.assertEqual([block["block"] for block in report["routing"]], [1, 3])
        rows = list(csv.DictReader((self.folder / "p.csv").read_text().splitlines()))
        self.assertEqual([row["picture"] for row in rows], ["000000.png", "000001.png", "000002.png"])
        pooled = sum(float(row["depth_abs_rel"]) * int(row["depth_pixels"]) for row in rows) / depth["scored_pixels"]
        self.assertAlmostEqual(pooled, depth["abs_rel"])
        self.assertEqual(done.stderr, "", "progress of short work is for terminals")

    def test_progress_is_shown_on_a_terminal(self):
        terminal, other_end = pty.openpty()
        done = subprocess.run([TOOL, "eval", "--model", self.model, "--data", self.files_set(), "--batch", "1"],
                              stdout=subprocess.DEVNULL, stderr=other_end)
        os.close(other_end)
        self.assertEqual(done.returncode, 0)
        self.assertRegex(os.read(terminal, 4096).decode(), r"eval: 2 of 3, [\d.]+ a second, \d+ s left")
        os.close(terminal)

    def interrupt_when(self, shown, *options):
        """Sends an interrupt to a long eval once it shows `shown`; returns what it said."""
        terminal, other_end = pty.openpty()
        run = subprocess.Popen([TOOL, "eval", "--model", self.model, "--data", self.folder / "set", "--threads", "1",
                                "--batch", "1", "--per-picture", self.folder / "p.csv", *options],
                               stderr=other_end, stdout=subprocess.DEVNULL)
        os.close(other_end)
        self.assertIn(shown, os.read(terminal, 100).decode())
        run.send_signal(signal.SIGINT)
        self.assertEqual(run.wait(), -signal.SIGINT)
        stderr = b""
        try:
            while part := os.read(terminal, 4096):
                stderr += part
        except OSError:  # how Linux says that the other end is closed
            pass
        os.close(terminal)
        return stderr.decode()

    def test_an_interrupt_leaves_nothing_behind(self):
        data = self.files_set(count=1)
        (data / "dataset.json").write_text(json.dumps(
            {"format": "edgemoe-dataset 1", "layout": "files", "classes": TINY_CLASSES}))
        for i in range(1, 3000):  # seconds of work
            for kind in ("images", "labels", "depth"):
                os.link(data / kind / "000000.png", data / kind / f"{i:06}.png")
        for shown, options in (("eval: ", ()), ("prior: ", ("--prior", data))):
            self.assertIn("interrupted", self.interrupt_when(shown, *options))
            self.assertEqual([path.name for path in self.folder.iterdir()], ["set"])

    def test_json_goes_to_standard_output_alone(self):
        done = self.eval(self.files_set(), "--json", "-q")
        self.assertEqual(json.loads(done.stdout)["results"].keys(), {"semseg", "depth"})
        self.assertEqual(json.loads(done.stdout)["saturation"], [])
        self.assertEqual(done.stderr, "")

    def test_limit_task_cap_and_alignment_are_settings_of_the_report(self):
        done = self.eval(self.files_set(), "--json", "-q", "--limit", "2", "--task", "depth", "--depth-cap", "1.5,3",
                         "--align-scale")
        report = json.loads(done.stdout)
        self.assertEqual(report["data"]["scored_pictures"], 2)
        self.assertEqual(report["settings"], {"tasks": ["depth"], "limit": 2, "depth_cap": [1.5, 3.0],
                                              "depth_alignment": "median_scale_per_picture"})
        depth = report["results"]["depth"]["model"]
        inside = [p for p in range(PIXELS) if p % 10 and 1.5 <= (256 + p) / 256 <= 3]
        self.assertEqual(depth["scored_pixels"], 2 * len(inside))

    def test_faults_of_the_data_are_failures_with_a_reason(self):
        data = self.files_set()
        (data / "depth/000001.png").unlink()
        self.fails("depth/000001.png: missing", data)
        self.grey("set/depth/000001.png", [1] * PIXELS)
        self.fails("16-bit grey", data)
        self.write("set/depth/000001.png", png.encode(2, 2, bytes(8), "grey", 16))
        self.fails("2x2", data)
        self.fails("no such folder", self.folder / "nope")
        self.fails("no layout", self.folder)
        self.write("set/dataset.json", json.dumps(
            {"format": "edgemoe-dataset 1", "layout": "files", "classes": ["floor", "wall"]}).encode())
        done = self.eval(data, "--task", "semseg", expect=1)
        self.assertIn("floor, wall", done.stderr)
        self.assertIn("road, house, sky, person, car", done.stderr)

    def test_nothing_is_written_after_a_failure(self):
        data = self.files_set()
        self.write("set/depth/000002.png", b"no picture")
        self.fails("depth/000002.png", data, "-q", "-o", self.folder / "r.json", "--per-picture", self.folder / "p.csv")
        self.assertEqual([path.name for path in self.folder.iterdir()], ["set"])

    def test_tasks_that_cannot_be_scored_are_refused_by_name(self):
        data = self.files_set()
        self.fails("no task \"sal\"", data, "--task", "sal", expect=2)
        self.fails("normals: no ground truth", data, "--task", "normals")
        self.tool("new", self.edge_config(), "--seed", "1", "-o", self.folder / "edge.safetensors")
        done = self.tool("eval", "--model", self.folder / "edge.safetensors", "--data", data, "--task", "edge", expect=1)
        self.assertIn("edge: edges are scored by", done.stderr)

    def edge_config(self):
        config = json.loads((SOURCE / "configs/models/tiny.json").read_text())
        config["tasks"] = [{"name": "edge", "outputs": 1, "unit": "", "class_names": []}, config["tasks"][2]]
        return self.write("edge.json", json.dumps(config).encode())

    def test_wrong_options_are_usage_errors(self):
        data = self.files_set()
        for options in (("--depth-cap", "3,1"), ("--depth-cap", "0,1"), ("--depth-cap", "1"), ("--layout", "kitti"),
                        ("--limit", "-1"), ("--batch", "0"), ("-o", data / "dataset.json"), ("--per-picture", data / "new.csv"),
                        ("-o", self.folder / "x", "--per-picture", self.folder / "x")):
            self.eval(data, *options, expect=2)
        self.fails("expected a whole number, 0 or more, found -1", data, "--limit", "-1", expect=2)
        self.fails("lies in", data, "-o", data / "depth/report.json", expect=2)
        self.fails("lies in", data, "--per-picture", data / "not/there/yet.csv", expect=2)
        self.fails("is an input", data, "-o", self.model, expect=2)
        self.tool("eval", "--model", self.model, expect=2)

    def test_reports_that_cannot_be_written_are_refused_before_the_work(self):
        data = self.files_set()
        for option in ("-o", "--per-picture"):
            done = self.eval(data, "--prior", self.folder / "no prior", option, self.folder / "missing/r", expect=1)
            self.assertIn("missing", done.stderr)
            self.assertNotIn("no prior", done.stderr)
        self.assertEqual([path.name for path in self.folder.iterdir()], ["set"])

    def test_cityscapes_by_a_class_map(self):
        for i, city in enumerate(("ulm", "aachen")):
            stem = f"val/{city}/{city}_{i}"
            self.rgb(f"city/leftImg8bit/{stem}_leftImg8bit.png", i + 5)
            self.grey(f"city/gtFine/{stem}_gtFine_labelIds.png", [(0, 7, 11, 23, 26)[p % 5] for p in range(PIXELS)])
            self.grey(f"city/disparity/{stem}_disparity.png", [p % 3 * 2560 for p in range(PIXELS)], 16)
            self.write(f"city/camera/{stem}_camera.json", json.dumps(
                {"extrinsic": {"baseline": 0.2}, "intrinsic": {"fx": 2262.5}}).encode())
        self.fails("bicycle", self.folder / "city")
        classes = {name: None for name in CITYSCAPES} | {"road": "road", "building": "house", "sky": "sky", "car": "car"}
        class_map = self.write("map.json", json.dumps(classes).encode())
        self.fails("--task", self.folder / "city")
        self.fails("no class map \"cityscapes\"; there are cityscapes-to-street", self.folder / "city", "--class-map",
                   "cityscapes", expect=2)
        self.fails("cityscapes-to-street.json: \"pavement\" is no class of the model", self.folder / "city", "--class-map",
                   "cityscapes-to-street")
        report = json.loads(self.eval(self.folder / "city", "--class-map", class_map, "--json", "-q").stdout)
        self.assertEqual(report["data"]["layout"], "cityscapes")
        self.assertEqual(report["data"]["classes_matched"], "by map.json")
        semseg = report["results"]["semseg"]["model"]
        self.assertEqual([c["truth_pixels"] for c in semseg["classes"]],
                         [2 * PIXELS // 5, 2 * PIXELS // 5, 2 * PIXELS // 5, 0, 2 * PIXELS // 5])
        self.assertEqual(semseg["ignored_pixels"], 2 * PIXELS // 5)
        # p = 2560 and 5120 are disparities of 10 and 20 pixels less 1/256: 45 and 23 m; p = 0 is none.
        self.assertEqual(report["results"]["depth"]["model"]["without_truth_pixels"], 2 * PIXELS // 3)
        self.assertEqual(report["results"]["depth"]["model"]["scored_pixels"], 4 * PIXELS // 3)

    def test_nyud_is_told_by_its_folders(self):
        self.write("nyu/gt_sets/val.txt", b"0001\n")
        self.rgb("nyu/images/0001.jpg", 4)
        self.write("nyu/depth/0001.npy", npy("<f4", (HEIGHT, WIDTH), struct.pack(f"<{PIXELS}f", *[2.0] * PIXELS)))
        self.write("nyu/normals/0001.npy",
                   npy("<f4", (HEIGHT, WIDTH, 3), struct.pack("<3f", 0, 0, 1) * PIXELS))
        report = json.loads(self.eval(self.folder / "nyu", "--json", "-q").stdout)
        self.assertEqual(report["data"]["layout"], "nyud")
        self.assertEqual(report["settings"]["depth_cap"], [0.001, 10.0])
        self.assertEqual(report["results"].keys(), {"normals", "depth"})
        self.assertEqual(report["results"]["normals"]["model"]["scored_pixels"], PIXELS)


if __name__ == "__main__":
    os.environ.pop("EDGEMOE_CONFIG_DIR", None)
    unittest.main(argv=sys.argv[:1], verbosity=1)
