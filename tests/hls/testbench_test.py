#!/usr/bin/env python3
"""testbench_test.py HLS_CASE TINY_CASE CONFIG TESTBENCH…: the C simulation that owners of Vitis HLS run. Every test bench passes
on the case in the tree and refuses damaged ones; the case is what hls_case makes."""
import struct
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

HLS_CASE, TINY_CASE, CONFIG, *BENCHES = sys.argv[1:]
HEAD = b"edgemoe-hls-case 1\nTinyDesign\n"


def run(*command):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=300)


class TestbenchTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def bench(self, bench, content):
        path = self.folder / "case"
        path.write_bytes(content)
        return run(bench, path)

    def test_case_of_the_tree_passes(self):
        self.assertGreater(len(BENCHES), 0)
        for bench in BENCHES:
            result = run(bench, TINY_CASE)
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertIn("TinyDesign: 25 tokens of 32: 800 values compared, 0 differ", result.stdout)

    def test_case_of_the_tree_is_what_hls_case_makes(self):
        made = self.folder / "made.case"
        result = run(HLS_CASE, CONFIG, "TinyDesign", "depth", made)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(made.read_bytes(), Path(TINY_CASE).read_bytes())

    def test_other_expected_value_is_found_with_its_place(self):
        content = bytearray(Path(TINY_CASE).read_bytes())
        content[-4 * 33] ^= 1  # token 23, element 31
        for bench in BENCHES:
            result = self.bench(bench, content)
            self.assertEqual(result.returncode, 1)
            self.assertIn("first difference: token 23, element 31", result.stdout)
            self.assertIn("800 values compared, 1 differ", result.stdout)

    def test_other_weight_changes_tokens(self):
        content = bytearray(Path(TINY_CASE).read_bytes())
        content[len(content) // 2] ^= 64
        for bench in BENCHES:
            self.assertEqual(self.bench(bench, content).returncode, 1)

    def test_damaged_files_are_refused_with_a_sentence(self):
        content = Path(TINY_CASE).read_bytes()
        gate = HEAD + struct.pack("<I", 3) + content[len(HEAD) + 4:]
        picture = HEAD + content[len(HEAD):len(HEAD) + 4] + struct.pack("<III", 0, 0, 0)
        for damaged, said in ((b"", "it ends early"), (content[:-1], "its head promises"),
                              (b"x" + content[1:], "in its first line"), (content[:40], "it ends early"),
                              (content.replace(b"TinyDesign", b"MineDesign"), "-DEDGEMOE_DESIGN=MineDesign"),
                              (gate, "asks for router 3 of 3"), (picture, "picture has 0 bytes"),
                              (b"y" * 1000, "too long")):
            result = self.bench(BENCHES[0], damaged)
            self.assertEqual(result.returncode, 1, said)
            self.assertIn(said, result.stderr)
        self.assertIn("cannot open", run(BENCHES[0], self.folder / "none").stderr)
        self.assertEqual(run(BENCHES[0]).returncode, 2)

    def test_network_of_another_shape_is_refused_and_no_file_left(self):
        out = self.folder / "out.case"
        result = run(HLS_CASE, CONFIG, "StreetDesign", "depth", out)
        self.assertEqual(result.returncode, 1)
        self.assertIn("the design is for 129 tokens, the network has 25", result.stderr)
        self.assertIn("no task edge", run(HLS_CASE, CONFIG, "TinyDesign", "edge", out).stderr)
        self.assertIn("no design Mine", run(HLS_CASE, CONFIG, "Mine", "depth", out).stderr)
        self.assertEqual(list(self.folder.iterdir()), [])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
