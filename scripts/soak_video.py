#!/usr/bin/env python3
"""soak_video.py FOLDER [FRAMES] [OPTIONS OF edgemoe run]: runs the tool on a video of 90,000 frames (an hour at 25 a second) and looks at its memory every ten seconds.

The video is the clip `drive` over and over, made with the program ffmpeg. FOLDER/memory.csv has the samples; printed are the mean of the
first and of the last minute after the first ten seconds, and the largest. Exit code 1 when the run fails.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
EVERY_S = 10


def resident_mib(process):
    with open(f"/proc/{process.pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def make_clip(path, frames):
    """The clip at 256x128 and 25 frames a second, then that over and over without decoding it."""
    if path.exists():
        return
    ffmpeg, once = ["ffmpeg", "-loglevel", "error", "-y"], path.with_name("once.mp4")
    subprocess.run([*ffmpeg, "-r", "25", "-i", ROOT / "examples/videos/drive.mp4", "-vf", "scale=256:128", "-bf", "0", once], check=True)
    subprocess.run([*ffmpeg, "-stream_loop", "-1", "-i", once, "-frames:v", str(frames), "-c", "copy", path], check=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("frames", type=int, nargs="?", default=90_000)
    parser.add_argument("--tool", type=Path, default=ROOT / "build/default/bin/edgemoe")
    options, of_the_tool = parser.parse_known_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    clip = options.folder / f"drive-{options.frames}.mp4"
    make_clip(clip, options.frames)
    command = [options.tool, "run", clip, "-o", options.folder / "maps.mp4", "--json", *(of_the_tool or ["--type=int8", "--task=depth", "--view=map"])]
    print("+", *command, flush=True)
    start, samples = time.monotonic(), []
    with open(options.folder / "summary.json", "wb") as summary, open(options.folder / "memory.csv", "w", encoding="ascii") as lines:
        process = subprocess.Popen(command, stdout=summary)
        lines.write("seconds,resident_mib\n")
        while True:
            try:
                process.wait(EVERY_S)
                break
            except subprocess.TimeoutExpired:
                samples.append((time.monotonic() - start, resident_mib(process)))
                lines.write(f"{samples[-1][0]:.0f},{samples[-1][1]:.1f}\n")
                lines.flush()
    if process.returncode != 0 or not samples:
        return f"soak_video: the run ended with {process.returncode} after {len(samples)} samples"
    video = json.loads((options.folder / "summary.json").read_text(encoding="utf-8"))["video"]
    minute = 60 // EVERY_S
    first, last = ([mib for _, mib in part] for part in (samples[:minute], samples[-minute:]))
    print(f"{video['frames']} frames in {samples[-1][0] / 60:.0f} minutes, {video['damaged_frames']} damaged; resident MiB: first minute "
          f"{statistics.mean(first):.1f}, last minute {statistics.mean(last):.1f}, largest {max(mib for _, mib in samples):.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
