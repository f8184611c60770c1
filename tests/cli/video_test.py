#!/usr/bin/env python3
"""video_test.py TOOL SOURCE: edgemoe run on videos as a user runs it. Clips are raw YUV4MPEG2, which needs no encoder to make."""
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

TOOL, SOURCE = (Path(argument).resolve() for argument in sys.argv[1:3])


def y4m(frames, width=64, height=48, rate="10:1"):
    """A clip of noise that differs from frame to frame."""
    noise = random.Random(frames)
    size = width * height + 2 * ((width + 1) // 2) * ((height + 1) // 2)
    head = f"YUV4MPEG2 W{width} H{height} F{rate} Ip A1:1 C420jpeg\n".encode()
    return head + b"".join(b"FRAME\n" + noise.randbytes(size) for _ in range(frames))


class Video(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.shared = Path(tempfile.mkdtemp(prefix="edgemoe-video-"))
        cls.model = cls.shared / "tiny.safetensors"
        subprocess.run([TOOL, "new", "tiny", "--seed", "5", "-o", cls.model], check=True, capture_output=True)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.shared)

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="case-", dir=self.shared))

    def clip(self, frames=6, name="clip.y4m", **format_):
        path = self.folder / name
        path.write_bytes(y4m(frames, **format_))
        return path

    def run_tool(self, *arguments, expect=0, stdin=None):
        done = subprocess.run([TOOL, "run", *map(str, arguments), "--model", self.model], capture_output=True, input=stdin)
        done.stdout, done.stderr = done.stdout.decode(), done.stderr.decode()
        self.assertEqual(done.returncode, expect, f"{arguments}\n{done.stdout}{done.stderr}")
        return done

    def frames_of(self, video):
        """How many frames a video holds, as the tool itself reads them."""
        data = self.folder / f"count-{video.stem}"
        self.run_tool(video, "--frames", data, "--task", "semseg", "-q")
        return len((data / "frames.jsonl").read_text().splitlines())

    def test_only_videos_load_ffmpeg(self):
        linked = subprocess.run(["ldd", TOOL], check=True, capture_output=True, text=True).stdout
        self.assertIn("libc.so", linked)
        self.assertNotRegex(linked, r"libav|libsw")

    def test_a_folder_gets_a_video_and_a_summary(self):
        out = self.folder / "out"
        done = self.run_tool(self.clip(), "-o", out)
        self.assertEqual({path.name for path in out.iterdir()}, {"clip_maps.mp4", "summary.json"})
        summary = json.loads((out / "summary.json").read_text())
        self.assertEqual(summary["video"]["frames"], 6)
        self.assertEqual(summary["video"]["damaged_frames"], 0)
        self.assertEqual((summary["video"]["width"], summary["video"]["height"]), (64, 48))
        for stage in ("decode", "resize", "backbone", "head", "maps", "draw", "encode", "total"):
            self.assertGreater(summary["times_ms"][stage], 0, stage)
        self.assertRegex(done.stdout, r"speed +[\d.]+ frames a second from decoding to file: 6 frames")
        self.assertRegex(done.stdout, r"stages +decode [\d.]+ %.*encode [\d.]+ %")
        self.assertEqual(self.frames_of(out / "clip_maps.mp4"), 6)

    def test_a_file_name_gets_the_video_alone(self):
        out = self.folder / "maps.mp4"
        self.run_tool(self.clip(width=33, height=17), "-o", out, "--view", "map", "--task", "depth")
        self.assertEqual(self.frames_of(out), 6)
        info = json.loads(self.run_tool(out, "-o", self.folder / "again", "--json").stdout)["video"]
        self.assertEqual((info["width"], info["height"], info["codec"]), (34, 18, "h264"))

    def test_a_clip_that_comes_with_edgemoe_is_found_by_name(self):
        done = self.run_tool("drive", "-o", self.folder, "--limit", "2")
        self.assertTrue((self.folder / "drive_maps.mp4").is_file(), done.stdout)
        self.assertIn("drive", subprocess.run([TOOL, "doctor"], capture_output=True, text=True).stdout)
        empty = self.folder / "drive"
        empty.mkdir()
        done = subprocess.run([TOOL, "run", "drive", "-o", "out", "--model", self.model], cwd=self.folder, capture_output=True, text=True)
        self.assertEqual(done.returncode, 1)
        self.assertIn("no picture", done.stderr)  # a folder of that name is what is meant
        self.run_tool("no-such-clip", "-o", self.folder / "maps", expect=1)

    def test_standard_input_is_a_video_too(self):
        clip = self.clip()
        self.run_tool(clip, "--frames", self.folder / "file")
        self.run_tool("-", "--frames", self.folder / "pipe", stdin=clip.read_bytes())
        names = sorted(path.name for path in (self.folder / "file").iterdir())
        self.assertIn("frame000005_depth.npy", names)
        self.assertEqual(names, sorted(path.name for path in (self.folder / "pipe").iterdir()))
        for name in names:
            self.assertEqual((self.folder / "file" / name).read_bytes(), (self.folder / "pipe" / name).read_bytes(), name)

    def test_frame_lines_hold_times_and_files(self):
        self.run_tool(self.clip(rate="5:2"), "--frames", self.folder / "data", "--task", "semseg,depth")
        lines = [json.loads(line) for line in (self.folder / "data/frames.jsonl").read_text().splitlines()]
        self.assertEqual([line["frame"] for line in lines], list(range(6)))
        for i, line in enumerate(lines):
            self.assertAlmostEqual(line["time_s"], i * 0.4, places=6)
            for task in line["maps"]:
                for file in task["files"]:
                    self.assertTrue((self.folder / "data" / file["path"]).is_file(), file)

    def test_a_limit_and_steady_are_kept(self):
        self.run_tool(self.clip(), "-o", self.folder / "a.mp4", "--limit", "2", "--steady", "0.5")
        self.assertEqual(self.frames_of(self.folder / "a.mp4"), 2)

    def test_a_clip_that_breaks_off_gives_what_is_there(self):
        clip = self.clip(10)
        clip.write_bytes(clip.read_bytes()[: clip.stat().st_size * 6 // 10])
        self.run_tool(clip, "-o", self.folder / "a.mp4")
        self.assertIn(self.frames_of(self.folder / "a.mp4"), (5, 6))

    def test_what_cannot_be_run_is_told_and_leaves_nothing(self):
        clip = self.clip()
        text = self.folder / "text.mp4"
        text.write_text("no video at all\n" * 100)
        empty = self.folder / "empty.mkv"
        empty.write_bytes(b"")
        named = self.clip(name="named.mp4")
        out = self.folder / "out"
        before = sorted(self.folder.iterdir())
        cases = (
            ((text, "-o", out / "a.mp4"), 1, "text.mp4"),
            ((empty, "-o", out / "a.mp4"), 1, "empty.mkv"),
            ((self.folder / "missing.mp4", "-o", out / "a.mp4"), 1, "no such file"),
            ((clip, clip, "-o", out), 2, "only input"),
            ((clip,), 2, "-o FILE.mp4"),
            ((named, "-o", named), 2, "input of this command"),
            ((clip, "-o", self.folder / "text.mp4" / "a.mp4"), 1, "text.mp4"),
            ((clip, "-o", self.folder / "a.avi"), 2, ".mp4"),
            ((clip, "-o", out, "--overview"), 2, "--overview"),
            ((clip, "-o", out, "--steady", "1"), 2, "--steady"),
            ((clip, "-o", out, "--depth-range", "5,5"), 2, "--depth-range"),
            ((clip, "-o", out, "--task", "cats"), 2, "semseg"),
            ((SOURCE / "examples/pictures/rendered-street.jpg", "-o", out, "--limit", "3"), 2, "--limit"),
            ((SOURCE / "examples/pictures/rendered-street.jpg", "-o", out, "--view", "overlay"), 2, "--view"),
            ((SOURCE / "examples/pictures/rendered-street.jpg", "-o", out / "a.mp4"), 2, "a.mp4"),
        )
        for arguments, code, words in cases:
            done = self.run_tool(*arguments, expect=code)
            self.assertIn(words, done.stderr, arguments)
            self.assertEqual(done.stdout.count("frames a second"), done.stdout.count("video      "), arguments)
            shutil.rmtree(out, ignore_errors=True)
            self.assertEqual(sorted(self.folder.iterdir()), before, arguments)

    def test_an_interrupt_ends_the_wait_for_the_writer_of_a_pipe(self):
        pipe = self.folder / "pipe"
        os.mkfifo(pipe)
        run = subprocess.Popen([TOOL, "run", pipe, "-o", self.folder / "a.mp4", "--model", self.model], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE)
        end = time.monotonic() + 300  # a guard, no measure
        while not self.has_open(run.pid, pipe):
            self.assertIsNone(run.poll(), "it waits for a writer")
            self.assertLess(time.monotonic(), end, "it never opened the pipe")
            time.sleep(0.01)
        run.send_signal(signal.SIGINT)
        _, err_text = run.communicate(timeout=300)
        self.assertEqual(run.returncode, -signal.SIGINT, err_text)
        self.assertFalse((self.folder / "a.mp4").exists())

    @staticmethod
    def has_open(pid, path):
        try:
            return any(os.path.samefile(descriptor, path) for descriptor in Path(f"/proc/{pid}/fd").iterdir() if descriptor.exists())
        except OSError:
            return False

    def test_an_interrupt_leaves_a_playable_file(self):
        # A stream that never ends: frames are fed until the tool has told of some.
        out = self.folder / "a.mp4"
        run = subprocess.Popen([TOOL, "run", "-", "-o", out, "--model", self.model], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        clip = y4m(40)
        head, frames = clip[: clip.index(b"FRAME")], clip[clip.index(b"FRAME"):]
        run.stdin.write(head + frames * 5)
        run.stdin.flush()
        for _ in range(20):  # the pipe holds 64 KiB: what lies beyond has been taken
            run.stdin.write(frames)
            run.stdin.flush()
        run.send_signal(signal.SIGINT)
        out_text, err_text = run.communicate(timeout=300)
        self.assertEqual(run.returncode, -signal.SIGINT, err_text)
        told = int(re.search(r"interrupted after (\d+) frames", err_text.decode())[1])
        self.assertGreater(told, 0)
        self.assertIn(b"a.mp4", out_text)
        self.assertEqual(self.frames_of(out), told)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
