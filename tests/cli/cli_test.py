#!/usr/bin/env python3
"""cli_test.py TOOL SOURCE: the edgemoe tool as a user runs it, on pictures and checkpoints made here."""
import json
import os
import random
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

import png

TOOL, SOURCE = (Path(argument).resolve() for argument in sys.argv[1:3])
GOLDEN = SOURCE / "tests/golden/data"
CHECKPOINTS = SOURCE / "tests/golden/checkpoints"


def noise(width, height, seed=1):
    return random.Random(seed).randbytes(width * height * 3)


class ToolTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.shared = Path(tempfile.mkdtemp(prefix="edgemoe-cli-"))
        cls.model = cls.shared / "tiny.safetensors"
        done = subprocess.run([TOOL, "new", "tiny", "--seed", "5", "-o", cls.model], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.shared)

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="case-", dir=self.shared))

    def tool(self, *arguments, expect=0, stdin=None):
        done = subprocess.run([TOOL, *map(str, arguments)], capture_output=True, input=stdin)
        done.stdout, done.stderr = done.stdout.decode(), done.stderr.decode()
        self.assertEqual(done.returncode, expect, f"{arguments}\n{done.stdout}{done.stderr}")
        return done

    def picture(self, name="a.png", width=60, height=40, seed=1, **format_):
        path = self.folder / name
        path.write_bytes(png.encode(width, height, noise(width, height, seed), **format_))
        return path

    def run_maps(self, *inputs, out="maps", options=(), **kwargs):
        folder = self.folder / out
        self.tool("run", *inputs, "--model", self.model, "-o", folder, *options, **kwargs)
        return folder

    def files(self, folder):
        """File name → bytes of all maps (the summary holds times)."""
        found = {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "summary.json"}
        self.assertTrue(found)
        return found

    def decoded(self, path):
        return png.decode(path.read_bytes())


class Run(ToolTest):
    def test_maps_have_the_pictures_size(self):
        for width, height in ((500, 375), (17, 33), (1, 1), (40, 200)):
            folder = self.run_maps(self.picture(width=width, height=height), out=f"{width}x{height}")
            for name in ("a_semseg.png", "a_semseg_color.png", "a_semseg_overlay.png", "a_depth.png",
                         "a_depth_color.png", "a_normals.png"):
                self.assertEqual(self.decoded(folder / name)[:2], (width, height), name)

    def test_label_files_agree_with_each_other_and_the_summary(self):
        folder = self.run_maps(self.picture())
        width, height, channels, bits, labels = self.decoded(folder / "a_semseg.png")
        self.assertEqual((channels, bits), (1, 8))
        colors = self.decoded(folder / "a_semseg_color.png")[4]
        palette = {}
        for i, label in enumerate(labels):
            self.assertLess(label, 5)
            color = tuple(colors[3 * i:3 * i + 3])
            self.assertEqual(palette.setdefault(label, color), color)
        self.assertEqual(len(set(palette.values())), len(palette))
        summary = json.loads((folder / "summary.json").read_text())
        semseg = summary["pictures"][0]["maps"][0]
        self.assertEqual([c["pixels"] for c in semseg["classes"]], [labels.count(c) for c in range(5)])
        self.assertEqual(semseg["classes"][0]["name"], "road")
        self.assertEqual(sum(c["pixels"] for c in semseg["classes"]), width * height)

    def test_depth_png_and_npy_agree_by_the_stated_scale(self):
        folder = self.run_maps(self.picture())
        summary = json.loads((folder / "summary.json").read_text())
        code = [m for m in summary["pictures"][0]["maps"] if m["task"] == "depth"][0]
        self.assertEqual(code["unit"], "m")
        samples = self.decoded(folder / "a_depth.png")[4]
        data = (folder / "a_depth.npy").read_bytes()
        floats = struct.unpack(f"<{len(samples)}f", data[-4 * len(samples):])
        compared = 0
        for sample, value in zip(samples, floats):
            if sample == code["png16"]["invalid"]:
                self.assertLessEqual(value, 0)
            else:
                self.assertAlmostEqual(code["png16"]["offset"] + sample / code["png16"]["scale"], value,
                                       delta=(1 if sample == 1 else 0.501) / code["png16"]["scale"])
                compared += 1
        self.assertGreater(compared, 0)

    def test_an_overview_is_one_sheet_a_picture_and_the_same_for_any_batch(self):
        pictures = [self.picture("a.png"), self.picture("b.png", width=30, height=60, seed=2), self.picture("c.png", seed=3)]
        folder = self.run_maps(*pictures, options=("--overview",))
        other = self.run_maps(*pictures, out="batch", options=("--overview", "--batch", "3"))
        for name in ("a_overview.png", "b_overview.png", "c_overview.png"):
            self.assertEqual((folder / name).read_bytes(), (other / name).read_bytes(), name)
        self.assertNotEqual((folder / "a_overview.png").read_bytes(), (folder / "c_overview.png").read_bytes())
        width, height = self.decoded(folder / "a_overview.png")[:2]
        self.assertEqual(width, 14 + 4 * (480 + 14), "picture, semseg, normals, depth")
        self.assertGreater(height, 2 * 320)
        summary = json.loads((folder / "summary.json").read_text())
        self.assertEqual(summary["pictures"][1]["overview"], "b_overview.png")
        alone = self.run_maps(pictures[0], out="alone", options=("--overview", "--dump-taps", self.folder / "t.safetensors"))
        self.assertEqual((alone / "a_overview.png").read_bytes(), (folder / "a_overview.png").read_bytes())
        self.assertTrue((self.folder / "t.safetensors").is_file())
        self.assertNotIn("a_overview.png", self.files(self.run_maps(pictures[0], out="without")))
        self.tool("run", pictures[0], "--model", self.model, "--overview", "--dump-taps", self.folder / "u.safetensors",
                  expect=2)

    def test_threads_batch_and_task_sets_give_the_same_bytes(self):
        pictures = [self.picture(f"p{i}.png", 30 + 7 * i, 50 - 5 * i, seed=i) for i in range(4)]
        expected = self.files(self.run_maps(*pictures, out="one", options=("--threads", "1")))
        for options in (("--threads", "2", "--batch", "3"), ("--threads", "7", "--batch", "8")):
            self.assertEqual(self.files(self.run_maps(*pictures, out="-".join(options), options=options)), expected)
        depth = self.files(self.run_maps(*pictures, out="depth", options=("--task", "depth")))
        self.assertEqual(depth, {name: data for name, data in expected.items() if "_depth" in name})

    def test_no_more_pictures_are_under_way_than_there_are(self):
        for count in (1, 3):
            pictures = [self.picture(f"p{i}.png", seed=i) for i in range(count)]
            folder = self.run_maps(*pictures, out=str(count), options=("--batch", "1000"))
            self.assertEqual(json.loads((folder / "summary.json").read_text())["engine"]["batch"], count)
        self.tool("run", *pictures, "--model", self.model, "-o", self.folder / "none", "--batch", "0", expect=2)

    def test_channels_and_bit_depths_of_one_scene_give_the_same_maps(self):
        rgb = noise(24, 20)
        grey = bytes(rgb[::3])
        variants = {
            "rgba": png.encode(24, 20, b"".join(rgb[i:i + 3] + b"\x33" for i in range(0, len(rgb), 3)), "rgba"),
            "rgb16": png.encode(24, 20, b"".join(bytes((v, v)) for v in rgb), bits=16),
            "rgb": png.encode(24, 20, rgb),
        }
        greys = {
            "grey": png.encode(24, 20, grey, "grey"),
            "grey_alpha": png.encode(24, 20, b"".join(bytes((v, 7)) for v in grey), "grey_alpha"),
            "palette": png.encode(24, 20, grey, "palette", palette=bytes(v for i in range(256) for v in (i, i, i))),
            "grey_rgb": png.encode(24, 20, b"".join(bytes((v, v, v)) for v in grey)),
        }
        for scene in (variants, greys):
            depths = {}
            for name, data in scene.items():
                path = self.folder / f"{name}.png"
                path.write_bytes(data)
                folder = self.run_maps(path, out=name)
                depths[name] = self.decoded(folder / f"{name}_depth.png")[4]
            first = depths.popitem()[1]
            for name, other in depths.items():
                self.assertLessEqual(max(abs(a - b) for a, b in zip(first, other)), 1, name)

    def test_raw_frames_equal_the_same_pictures_as_files(self):
        expected = [self.files(self.run_maps(self.picture(f"f{i}.png", 32, 24, seed=i), out=f"f{i}")) for i in (1, 2)]
        folder = self.run_maps("-", out="raw", options=("--raw-size", "32x24"), stdin=noise(32, 24, 1) + noise(32, 24, 2))
        raw = self.files(folder)
        for i, files in enumerate(expected):
            for name, data in files.items():
                self.assertEqual(raw[name.replace(f"f{i + 1}_", f"frame{i:06}_")], data)
        cut = self.folder / "cut"
        self.tool("run", "-", "--model", self.model, "-o", cut, "--raw-size", "32x24", "--batch", "4",
                  stdin=noise(32, 24, 1) + noise(32, 24)[:-5], expect=1)
        self.assertEqual((cut / "frame000000_depth.png").read_bytes(), raw["frame000000_depth.png"])
        summary = json.loads((cut / "summary.json").read_text())
        self.assertEqual(len(summary["pictures"]), 1)
        self.assertIn("ends within a frame", summary["error"])
        self.tool("run", "-", "--model", self.model, "-o", self.folder / "none", "--raw-size", "32x24", stdin=b"", expect=1)

    def test_red_and_blue_are_not_the_same(self):
        rgb = bytes((200, 30, 10)) * 600
        self.assertNotEqual(*[self.files(self.run_maps(path, out=path.stem))[f"{path.stem}_depth.npy"] for path in (
            self.picture_of("red", 30, 20, rgb), self.picture_of("blue", 30, 20, bytes((10, 30, 200)) * 600))])

    def picture_of(self, name, width, height, rgb):
        path = self.folder / f"{name}.png"
        path.write_bytes(png.encode(width, height, rgb))
        return path

    def test_pictures_of_one_name_do_not_overwrite_each_other(self):
        (self.folder / "b").mkdir()
        shutil.copy(self.picture("x.png"), self.folder / "b" / "x.png")
        folder = self.run_maps(self.folder / "x.png", self.folder / "b" / "x.png", options=("--task", "depth"))
        self.assertTrue((folder / "x_depth.png").exists() and (folder / "x.png_depth.png").exists())

    def test_a_folder_is_run_in_order_and_an_empty_one_is_an_error(self):
        pictures = self.folder / "in"
        pictures.mkdir()
        self.tool("run", pictures, "--model", self.model, "-o", self.folder / "none", expect=1)
        self.assertFalse((self.folder / "none").exists())
        for name in ("b.png", "a.PNG"):
            shutil.copy(self.picture("p.png"), pictures / name)
        folder = self.run_maps(pictures)
        names = [Path(p["picture"]).name for p in json.loads((folder / "summary.json").read_text())["pictures"]]
        self.assertEqual(names, ["a.PNG", "b.png"])

    def test_bad_pictures_say_why_and_the_others_are_run(self):
        good = self.picture()
        data = good.read_bytes()
        huge = (
            b"\x89PNG\r\n\x1a\n" + png.chunk(b"IHDR", struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0)) +
            png.chunk(b"IDAT", b"") + png.chunk(b"IEND", b""))
        bad = {"cut.png": data[:len(data) // 2], "empty.jpg": b"", "text.jpg": b"hello, I am no picture",
               "huge.png": huge}
        for name, content in bad.items():
            (self.folder / name).write_bytes(content)
            out = self.folder / f"{name}-maps"
            done = self.tool("run", self.folder / name, "--model", self.model, "-o", out, expect=1)
            self.assertIn(name, done.stderr)
            self.assertEqual([p.name for p in out.iterdir()], ["summary.json"])
        done = self.tool("run", self.folder / "cut.png", good, self.folder / "missing.png", "--model", self.model, "-o",
                         self.folder / "mixed", expect=1)
        self.assertIn("2 of 3", done.stderr)
        self.assertTrue((self.folder / "mixed" / "a_depth.png").exists())

    def test_usage_faults_are_exit_code_2_and_name_the_choices(self):
        good = self.picture()
        for arguments, words in (
                (("run", good, "--model", self.model, "-o", self.folder / "x", "--task", "dept"), "semseg, normals, depth"),
                (("run", good, "--model", self.model), "-o"),
                (("run", good, "--model", self.model, "-o", self.folder / "x", "--isa", "mmx"), "avx2"),
                (("run", good, "--model", self.model, "-o", self.folder / "x", "--input-size", "30"), "128x256"),
                (("run", good, "--model", self.model, "-o", self.folder / "x", "--strict"), "--type int8"),
                (("run", good, "--raw-size", "3x4", "--model", self.model, "-o", self.folder / "x"), "give - as the input"),
                (("run", good), "give -o FOLDER"),
                (("frobnicate",), "Commands: run, convert"),
                (("run", good, "--model", self.model, "-o", self.folder / "x", "--device", "interpreter:small", "--strict"),
                 "does not count"),
                (("serve", "--timeout", "nan"), "from 0.1 to 3600"),
                (("new", "tiny", "--seed", "-1", "-o", self.folder / "x"), "18446744073709551615"),
                (("new", "tiny", "--seed", "18446744073709551616", "-o", self.folder / "x"), "18446744073709551615"),
                ((), "")):
            done = self.tool(*arguments, expect=2)
            self.assertIn(words, done.stdout + done.stderr)
        self.assertFalse((self.folder / "x").exists())

    def test_outputs_never_replace_inputs(self):
        picture = self.picture()
        before = picture.read_bytes()
        self.tool("run", picture, "--model", self.model, "--dump-taps", picture, expect=2)
        self.tool("run", picture, "--model", self.model, "--dump-taps", self.model, expect=2)
        self.tool("convert", self.model, "--config", "tiny", "-o", self.model, expect=2)
        # A folder that happens to be called like a named configuration is none.
        (self.folder / "tiny").mkdir()
        subprocess.run([TOOL, "new", "tiny", "-o", "tiny/m.safetensors"], cwd=self.folder, check=True, capture_output=True)
        config = self.folder / "mine.json"
        shutil.copy(SOURCE / "configs/models/tiny.json", config)
        self.tool("new", config, "-o", config, expect=2)
        self.tool("convert", self.model, "--config", config, "-o", config, expect=2)
        self.assertEqual(config.read_bytes(), (SOURCE / "configs/models/tiny.json").read_bytes())
        ranks = self.folder / "ranks.pth.tar"
        shutil.copytree(CHECKPOINTS / "ranks.pth.tar", ranks)
        kept = self.files(ranks)
        self.tool("convert", ranks, "--config", "tiny", "-o", ranks / "0.pth", expect=2)
        self.tool("convert", ranks, "--config", "tiny", "-o", ranks / "m.safetensors", expect=2)
        self.assertEqual(self.files(ranks), kept)
        self.assertEqual(picture.read_bytes(), before)
        self.tool("inspect", self.model)

    def test_maps_never_replace_pictures_nor_the_model(self):
        folder = self.folder / "photos"
        folder.mkdir()
        for name in ("x.png", "x_depth.png"):
            shutil.copy(self.picture("p.png"), folder / name)
        model = folder / "summary.json"
        shutil.copy(self.model, model)
        before = self.files(folder)
        for arguments, words in (
                ((folder, "--model", self.model, "-o", folder), "another folder"),
                ((folder, "--model", self.model, "-o", folder / "." / ""), "another folder"),
                ((folder / "x.png", folder / "x_depth.png", "--model", self.model, "-o", folder), "x_depth.png"),
                ((folder / "x.png", "--model", model, "-o", folder), "summary.json"),
                ((folder / "x.png", "--model", self.model, "-o", folder, "--dump-taps", folder / "x_depth.npy"), "x_depth.npy"),
                ((folder / "x.png", "--model", self.model, "-o", self.folder / "o", "--dump-taps",
                  self.folder / "o" / "summary.json"), "summary")):
            self.assertIn(words, self.tool("run", *arguments, expect=2).stderr)
        self.assertEqual(self.files(folder), before)
        self.assertEqual(model.read_bytes(), self.model.read_bytes())

    def test_a_name_too_long_for_maps_is_that_pictures_fault(self):
        long = self.picture("l" * 240 + ".png")
        done = self.tool("run", long, self.picture(), "--model", self.model, "-o", self.folder / "o", expect=1)
        self.assertIn("too long", done.stderr)
        self.assertTrue((self.folder / "o" / "a_depth.png").exists())

    def test_names_do_not_steer_the_terminal(self):
        done = self.tool("run", self.picture("a\x1b[31mb.png"), self.folder / "\x07none.png",
                         self.folder / "x\nedgemoe: all good.png", "--model", self.model, "-o", self.folder / "o", expect=1)
        self.assertNotIn("\nedgemoe: all good", done.stderr)
        self.assertIn("a?[31mb.png", done.stdout)
        self.assertNotIn("\x1b", done.stdout + done.stderr)
        self.assertNotIn("\x07", done.stdout + done.stderr)

    def patched_model(self, tensor, values):
        """The model with the first values of a tensor replaced."""
        data = bytearray(self.model.read_bytes())
        size = struct.unpack_from("<Q", data)[0]
        begin = json.loads(data[8:8 + size])[tensor]["data_offsets"][0]
        struct.pack_into(f"<{len(values)}f", data, 8 + size + begin, *values)
        path = self.folder / "patched.safetensors"
        path.write_bytes(data)
        return path

    def test_values_that_are_not_finite_are_counted_and_told(self):
        bias = {task: f"decoders.{task}.conv_2.bias" for task in ("semseg", "depth")}
        for task in bias:
            model = self.patched_model(bias[task], [float("nan")])
            folder = self.folder / task
            done = self.tool("run", self.picture(), "--model", model, "--task", task, "-o", folder)
            self.assertIn("2400 of 2400 pixels", done.stderr)
            report = json.loads((folder / "summary.json").read_text())["pictures"][0]["maps"][0]
            self.assertEqual(report["non_finite_pixels"], 2400)
            if task == "depth":
                self.assertIsNone(report["min"])
        self.assertNotIn("warning", self.tool("run", self.picture(), "--model", self.model, "-o", self.folder / "ok",
                                              "--task", "semseg").stderr)

    def test_taps_carry_the_pictures_number_whatever_the_batch(self):
        bad = self.folder / "bad.png"
        bad.write_bytes(b"no picture")
        names = []
        for batch in ("1", "3"):
            taps = self.folder / f"taps{batch}.safetensors"
            self.tool("run", self.picture("p.png"), bad, self.picture("q.png", seed=2), "--model", self.model, "--batch", batch,
                      "--dump-taps", taps, expect=1)
            data = taps.read_bytes()
            header = json.loads(data[8:8 + struct.unpack_from("<Q", data)[0]])
            names.append({name.split("/")[0] for name in header if name != "__metadata__"})
        self.assertEqual(names, [{"image0", "image2"}] * 2)

    def test_an_interrupt_ends_the_run_in_order(self):
        folder = self.folder / "live"
        run = subprocess.Popen([TOOL, "run", "-", "--raw-size", "32x24", "--model", self.model, "-o", folder],
                               stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        run.stdin.write(noise(32, 24))
        run.stdin.flush()
        while not (folder / "frame000000_depth.png").exists():
            self.assertIsNone(run.poll())
            time.sleep(0.01)
        run.send_signal(signal.SIGINT)
        error = run.stderr.read()  # no more input, and no end of it either
        run.wait()
        run.stdin.close()
        run.stderr.close()
        self.assertEqual(run.returncode, -signal.SIGINT)
        self.assertIn(b"interrupted", error)
        summary = json.loads((folder / "summary.json").read_text())
        self.assertTrue(summary["interrupted"])
        self.assertFalse([path for path in folder.iterdir() if path.suffix == ".tmp"])

    def test_a_model_that_is_not_there_is_a_path_or_a_name(self):
        for model, code, words in ((self.folder / "nowhere" / "x.pth", 1, "No such file"), (self.folder, 1, "found a folder"),
                                   ("nonesuch", 2, 'no model "nonesuch"; there are ')):
            self.assertIn(words, self.tool("inspect", model, expect=code).stderr)

    def test_absurd_raw_sizes_are_refused_at_once(self):
        for size in ("99999x99999", "65535x65535", "30000x30000"):
            self.tool("run", "-", "--raw-size", size, "--model", self.model, "-o", self.folder / "x", stdin=b"", expect=2)

    def test_output_that_cannot_be_written_is_an_error(self):
        with open("/dev/full", "w") as full:
            for arguments in (("inspect", self.model, "--json"), ("doctor",)):
                done = subprocess.run([TOOL, *arguments], stdout=full, stderr=subprocess.PIPE)
                self.assertEqual(done.returncode, 1)

    def test_tolerances_that_are_no_numbers_are_refused(self):
        self.tool("compare", self.model, self.model, "--abs", "nan", expect=2)

    def test_compare_takes_dumps_only(self):
        self.assertIn("is a model", self.tool("compare", self.model, self.model, expect=2).stderr)

    def test_dry_run_says_only_what_it_knows(self):
        arguments = ("convert", self.model, "--config", "tiny", "--dry-run")
        report = json.loads(self.tool(*arguments, "--json").stdout)
        self.assertIsNone(report["checksum"])
        done = self.tool("convert", self.model, "--config", "tiny", "-o", self.folder / "m", "--json")
        self.assertEqual(json.loads(done.stdout)["parameters"], report["parameters"])
        self.tool(*arguments, "--checksum", "0" * 16, expect=2)
        self.tool("convert", self.model, "--config", "tiny", "-o", self.folder / "m2", "--checksum", "zz", expect=2)
        self.tool("convert", self.model, "--config", "tiny", "-o", self.folder / "m3", "--checksum",
                  json.loads(done.stdout)["checksum"].upper())

    def test_convert_keeps_the_untrained_mark(self):
        self.tool("convert", self.model, "--config", "tiny", "-o", self.folder / "again")
        root = json.loads(self.tool("inspect", self.folder / "again", "--json").stdout)
        self.assertEqual(root["metadata"]["edgemoe.trained"], "no")

    def test_json_is_the_only_output_and_tells_all(self):
        done = self.tool("run", self.picture(), "--model", self.model, "-o", self.folder / "maps", "--json")
        summary = json.loads(done.stdout)
        self.assertEqual(summary["tasks"], ["semseg", "normals", "depth"])
        self.assertEqual(summary["model"]["trained"], False)
        self.assertEqual(set(summary["times_ms"]),
                         {"load", "decode", "resize", "backbone", "head", "maps", "encode", "total"})
        for entry in summary["pictures"][0]["maps"]:
            for file in entry["files"]:
                self.assertTrue((self.folder / "maps" / file["path"]).is_file())

    def test_task_option_takes_one_word_and_the_picture_may_follow(self):
        folder = self.folder / "maps"
        self.tool("run", "--task", "depth", self.picture(), "--float-format", "pfm", "--model", self.model, "-o", folder)
        self.assertTrue((folder / "a_depth.pfm").exists())
        self.assertFalse((folder / "a_semseg.png").exists())

    def test_a_device_gives_the_int8_engines_maps(self):
        picture = self.picture()
        here = self.run_maps(picture, out="here", options=("--type", "int8"))
        there = self.run_maps(picture, out="there", options=("--device", "interpreter:small"))
        self.assertEqual(self.files(here), self.files(there))
        self.assertGreater(len(self.files(here)), 3)
        summary = json.loads((there / "summary.json").read_text())
        self.assertEqual(summary["engine"]["device"], "interpreter:small")
        self.assertIsNone(summary["saturation"])  # a device does not count
        self.assertIsNone(json.loads((here / "summary.json").read_text())["engine"]["device"])
        self.assertIsNone(json.loads((here / "summary.json").read_text())["device"])
        self.assertIsNone(summary["device"]["cycles"])
        self.assertGreater(summary["device"]["read_bytes"], summary["device"]["written_bytes"])
        self.assertGreater(summary["device"]["runs"], 0)

    def test_devices_that_are_none_are_named(self):
        picture = self.picture()
        for device, said in (("fpga", "expected sim:DESIGN"), ("interpreter:nosuch", "small, zcu102")):
            done = self.tool("run", picture, "--model", self.model, "-o", self.folder / "maps", "--device", device, expect=2)
            self.assertIn(said, done.stderr)
        done = self.tool("run", picture, "--model", self.model, "-o", self.folder / "maps", "--device", "interpreter:small",
                         "--type", "float", expect=2)
        self.assertIn("computes in int8", done.stderr)
        done = self.tool("run", picture, "--model", self.model, "-o", self.folder / "maps", "--device", "interpreter:small",
                         "--overview", expect=2)
        self.assertIn("--overview", done.stderr)
        design = self.folder / "lonely.json"
        design.write_text((SOURCE / "configs/accelerators/small.json").read_text().replace('"small"', '"lonely"'))
        done = self.tool("simulate", picture, "--model", self.model, "--device", f"sim:{design}", expect=2)
        self.assertIn("edgemoe-sim-lonely", done.stderr)

    def test_simulate_compares_and_tells(self):
        picture = self.picture()
        done = self.tool("simulate", picture, "--model", self.model, "--device", "interpreter:small")
        self.assertIn("equal", done.stdout)
        self.assertIn("has no clock", done.stdout)
        report = json.loads(self.tool("simulate", picture, "--model", self.model, "--device", "interpreter:small",
                                      "--task", "depth", "--json").stdout)
        self.assertTrue(report["equal"])
        self.assertEqual(report["runs"], 1)
        self.assertGreater(report["compared_values"], 800)
        self.assertIsNone(report["cycles"])
        done = self.tool("simulate", picture, "--model", self.model, "--device", "interpreter:small", "--timeline",
                         self.folder / "t.svg", expect=2)
        self.assertIn("has no clock", done.stderr)
        done = self.tool("simulate", picture, "--model", self.model, "--device", "interpreter:small", "--input-size",
                         "64x96", expect=1)
        self.assertIn("limits.max_tokens is 64, 97 are needed", done.stderr)

    def test_other_input_size_runs(self):
        folder = self.run_maps(self.picture(), options=("--input-size", "64x64"))
        self.assertEqual(json.loads((folder / "summary.json").read_text())["model"]["tokens"], 65)
        self.tool("run", self.picture(), "--model", self.model, "-o", self.folder / "x", "--input-size", "63x64", expect=2)


if __name__ == "__main__":
    os.environ.pop("EDGEMOE_CONFIG_DIR", None)
    unittest.main(argv=sys.argv[:1], verbosity=1)
