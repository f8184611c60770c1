#!/usr/bin/env python3
"""models_test.py TOOL SOURCE: model files, taps and checkpoints through the edgemoe tool."""
import array
import json
import math
import os
import shutil
import struct
import subprocess
import sys
import unittest

from cli_test import CHECKPOINTS, GOLDEN, SOURCE, TOOL, ToolTest


class Models(ToolTest):
    def test_new_is_reproducible(self):
        for name, seed in (("a", "5"), ("b", "6")):
            self.tool("new", "tiny", "--seed", seed, "-o", self.folder / name)
        self.assertEqual((self.folder / "a").read_bytes(), self.model.read_bytes())
        self.assertNotEqual((self.folder / "b").read_bytes(), self.model.read_bytes())
        done = self.tool("new", "tinny", "-o", self.folder / "c", expect=2)
        self.assertIn("edgemoe-cityscapes", done.stderr)

    def test_models_are_found_by_name(self):
        shutil.copy(self.model, self.folder / "mine.safetensors")
        environment = dict(os.environ, EDGEMOE_MODEL_DIR=str(self.folder))
        call = lambda *arguments: subprocess.run([TOOL, *map(str, arguments)], capture_output=True, text=True,  # noqa: E731
                                                 env=environment)
        done = call("run", self.picture(), "--model", "mine", "-o", self.folder / "maps")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn(f"model      {self.folder / 'mine.safetensors'}: tiny", done.stdout)
        self.assertEqual(call("inspect", "mine").returncode, 0)
        self.assertIn("mine", call("doctor").stdout)
        done = call("run", self.picture(), "--model", "other", "-o", self.folder / "none")
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.stderr, 'no model "other"; there are .*mine')
        self.assertFalse((self.folder / "none").exists())

    def test_inspect_shows_text_and_json(self):
        self.assertIn("4 experts, top 2", self.tool("inspect", self.model).stdout)
        root = json.loads(self.tool("inspect", self.model, "--json").stdout)
        self.assertEqual(root["config"]["moe"]["top_k"], 2)
        self.assertEqual(root["metadata"]["edgemoe.trained"], "no")

    def test_doctor_lists_what_there_is(self):
        self.assertIn("tiny", self.tool("doctor").stdout)
        report = json.loads(self.tool("doctor", "--json").stdout)
        self.assertIn("portable", report["instruction_sets"])
        self.assertEqual(report["best"], report["instruction_sets"][-1])
        scenes = [tool for tool in report["optional_tools"] if tool["program"] == "edgemoe-scenes"]
        self.assertEqual(len(scenes), 1)
        if (TOOL.parent / "edgemoe-scenes").exists():
            self.assertTrue(scenes[0]["found"])

    def test_damaged_models_are_refused(self):
        data = self.model.read_bytes()
        picture = self.picture()
        for name, content in {"cut": data[:len(data) * 6 // 10], "empty": b"", "zip": b"PK\3\4" + data[:100],
                              "length": struct.pack("<Q", 1 << 63) + data[8:]}.items():
            path = self.folder / name
            path.write_bytes(content)
            done = self.tool("run", picture, "--model", path, "-o", self.folder / "maps", expect=1)
            self.assertIn(str(path), done.stderr)
        self.assertFalse((self.folder / "maps").exists())


class Quantize(ToolTest):
    def quantized(self, model=None):
        path = self.folder / "m.int8.safetensors"
        self.tool("quantize", model or self.model, "-o", path)
        return path

    def taps(self, model, name, picture, *options):
        path = self.folder / name
        self.tool("run", picture, "--model", model, "--dump-taps", path, *options)
        return path

    def test_maps_are_those_of_quantising_at_load(self):
        integers, picture = self.quantized(), self.picture()
        expected = self.files(self.run_maps(picture, out="floats", options=("--type", "int8")))
        for number, options in enumerate(((), ("--type", "int8"), ("--type", "reference"))):
            folder = self.folder / f"integers{number}"
            self.tool("run", picture, "--model", integers, "-o", folder, *options)
            self.assertEqual(self.files(folder), expected, options)
        self.assertEqual(json.loads((self.folder / "integers0/summary.json").read_text())["engine"]["type"], "int8")

    def test_the_model_in_the_box_has_the_same_taps_from_a_quarter_of_the_memory(self):
        street = SOURCE / "models/edgemoe-street.safetensors"
        integers, picture = self.quantized(street), SOURCE / "examples/pictures/rendered-street.jpg"
        parameters = json.loads(self.tool("inspect", street, "--json").stdout)["tensors"]
        floats = sum(4 * math.prod(tensor["shape"]) for tensor in parameters)
        self.assertLess(integers.stat().st_size, 0.27 * floats)
        for kind in ("int8", "reference"):
            names = [self.taps(model, f"{kind}-{name}", picture, "--type", kind)
                     for name, model in (("floats", street), ("integers", integers))]
            self.assertIn("equal", self.tool("compare", *names).stdout)
        names = [self.folder / "int8-integers", self.folder / "reference-integers"]
        self.assertIn("equal", self.tool("compare", *names).stdout)

    def test_inspect_tells_what_it_is(self):
        integers = self.quantized()
        self.assertIn("integers", self.tool("inspect", integers).stdout)
        root = json.loads(self.tool("inspect", integers, "--json").stdout)
        self.assertEqual((root["numbers"], root["metadata"]["edgemoe.trained"]), ("integers", "no"))
        self.assertEqual({tensor["type"] for tensor in root["tensors"]}, {"I8", "U8", "I16", "I32", "I64", "F32"})
        self.assertEqual(json.loads(self.tool("inspect", self.model, "--json").stdout)["numbers"], "floats")

    def test_what_cannot_be_is_refused(self):
        integers, picture = self.quantized(), self.picture()
        done = self.tool("run", picture, "--model", integers, "--type", "float", "-o", self.folder / "f", expect=1)
        self.assertIn("--type int8", done.stderr)
        self.assertIn(str(integers), done.stderr)
        self.tool("quantize", integers, "-o", self.folder / "again", expect=2)
        self.tool("quantize", self.model, "-o", self.model, expect=2)
        self.tool("quantize", picture, "-o", self.folder / "again", expect=1)
        self.tool("quantize", self.model, "-o", self.folder / "missing/again", expect=1)
        done = self.tool("convert", integers, "--config", "tiny", "-o", self.folder / "again", expect=1)
        self.assertIn("quantised from", done.stderr)
        self.assertFalse((self.folder / "again").exists())

    def test_damaged_integers_are_refused_by_name(self):
        integers, picture = self.quantized(), self.picture()
        data = bytearray(integers.read_bytes())
        start = 8 + struct.unpack("<Q", data[:8])[0]
        name = "backbone.blocks.0.attn.key.weight"
        data[start + json.loads(data[8:start])[name]["data_offsets"][0]] = 0x80
        damaged = self.folder / "damaged.safetensors"
        damaged.write_bytes(data)
        done = self.tool("run", picture, "--model", damaged, "-o", self.folder / "maps", expect=1)
        self.assertIn(f"{damaged}: backbone.blocks.0.attn.key: weight: expected -127 to 127, found -128", done.stderr)


class Saturation(ToolTest):
    def extreme(self):
        """The model with the queries, keys and values of block 2 a hundred thousand times as large."""
        data = bytearray(self.model.read_bytes())
        start = 8 + struct.unpack("<Q", data[:8])[0]
        entry = json.loads(data[8:start])["backbone.blocks.2.attn.qkv.weight"]
        begin, end = (start + offset for offset in entry["data_offsets"])
        values = array.array("f", data[begin:end])
        data[begin:end] = array.array("f", (value * 1e5 for value in values)).tobytes()
        path = self.folder / "extreme.safetensors"
        path.write_bytes(data)
        return path

    def counts(self, model, *options):
        done = self.tool("run", self.picture(), self.picture("b.png", seed=3), "--model", model, "-o",
                         self.folder / "maps", "--json", *options)
        found = {entry["tensor"]: entry["count"] for entry in json.loads(done.stdout)["saturation"]}  # in order
        self.assertEqual(bool(found), "numbers saturated" in done.stderr)
        return found, done.stderr

    def test_counts_are_told_and_the_same_everywhere(self):
        model = self.extreme()
        found, note = self.counts(model, "--type", "reference")
        self.assertIn("block2.attn.qkv", found)
        self.assertIn(f"{found['block2.attn.qkv']} in block2.attn.qkv", note)
        for options in (("--threads", "1"), ("--batch", "2"), ("--isa", "portable")):
            same = self.counts(model, "--type", "int8", *options)[0]
            self.assertEqual(list(same.items()), list(found.items()), options)  # the network's order too
        self.assertEqual(self.counts(model, "--type", "float")[0], {})

    def test_strict_fails_where_something_saturated_and_only_there(self):
        run = ("--type", "int8", "--strict", "-o", self.folder / "maps")
        self.tool("run", self.picture(), "--model", self.model, *run)
        self.tool("run", SOURCE / "examples/pictures/rendered-street.jpg", *run)
        done = self.tool("run", self.picture(), "--model", self.extreme(), *run, expect=1)
        self.assertRegex(done.stderr, r"a\.png: \d+ numbers saturated: .*\d+ in block2.attn.qkv")


class Taps(ToolTest):
    def dump(self, name, *options, picture=None):
        path = self.folder / name
        self.tool("run", picture or self.picture(), "--model", self.model, "--dump-taps", path, *options)
        return path

    def test_dumps_of_any_thread_count_compare_equal(self):
        one, seven = self.dump("one", "--threads", "1"), self.dump("seven", "--threads", "7")
        self.assertIn("equal", self.tool("compare", one, seven).stdout)

    def test_a_dump_alone_holds_the_heads_too(self):
        data = self.dump("taps").read_bytes()
        names = json.loads(data[8:8 + struct.unpack("<Q", data[:8])[0]])
        for task in ("semseg", "normals", "depth"):
            self.assertEqual(names[f"{task}/head.logits"]["shape"][1:], [32, 48])

    def test_compare_stops_at_the_first_difference(self):
        one = self.dump("one")
        other = self.dump("other", picture=self.picture("b.png", seed=2))
        done = self.tool("compare", one, other, expect=1)
        self.assertRegex(done.stdout, r"first difference +shared/input\[0,0,0\]")
        self.tool("compare", one, self.model, expect=2)

    def test_verify_accepts_golden_values_and_rejects_a_changed_one(self):
        model, golden = GOLDEN / "ties.model.safetensors", GOLDEN / "ties.golden.safetensors"
        self.assertIn("verified", self.tool("verify", model, "--golden", golden).stdout)
        data = bytearray(golden.read_bytes())
        header = json.loads(data[8:8 + struct.unpack("<Q", data[:8])[0]])
        name = next(key for key in header if key.endswith("/block1.mlp.out"))
        place = 8 + struct.unpack("<Q", data[:8])[0] + header[name]["data_offsets"][0]
        data[place:place + 4] = struct.pack("<f", struct.unpack("<f", data[place:place + 4])[0] + 1)
        changed = self.folder / "changed"
        changed.write_bytes(data)
        self.assertIn(f"{name}[0,0]", self.tool("verify", model, "--golden", changed, expect=1).stdout)
        self.tool("verify", model, "--golden", GOLDEN / "medium.golden.safetensors", expect=1)


class Convert(ToolTest):
    def test_foreign_keys_match_nothing(self):
        foreign = self.folder / "foreign.safetensors"
        body = struct.pack("<2f", 1, 2)
        header = json.dumps({"wrapper.encoder.weight": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}).encode()
        foreign.write_bytes(struct.pack("<Q", len(header)) + header + body)
        done = self.tool("convert", foreign, "--config", "tiny", "-o", self.folder / "m", expect=1)
        self.assertRegex(done.stderr, r"0 of \d+ tensors matched")
        self.assertIn("wrapper.encoder.weight", done.stderr)
        self.assertFalse((self.folder / "m").exists())

    def test_a_model_file_converts_to_itself(self):
        self.tool("convert", self.model, "--config", "tiny", "-o", self.folder / "again")
        picture = self.picture()
        expected = self.files(self.run_maps(picture, out="first"))
        type(self).model, kept = self.folder / "again", self.model
        try:
            self.assertEqual(self.files(self.run_maps(picture, out="second")), expected)
        finally:
            type(self).model = kept

    def test_a_cut_checkpoint_leaves_nothing(self):
        whole = (CHECKPOINTS / "training.pth.tar").read_bytes()
        cut = self.folder / "cut.pth"
        cut.write_bytes(whole[:len(whole) * 6 // 10])
        self.tool("convert", cut, "--config", "tiny", "-o", self.folder / "m", expect=1)
        self.assertEqual([p.name for p in self.folder.iterdir()], ["cut.pth"])


if __name__ == "__main__":
    os.environ.pop("EDGEMOE_CONFIG_DIR", None)
    unittest.main(argv=sys.argv[:1], verbosity=1)
