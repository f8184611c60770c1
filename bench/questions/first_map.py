"""From starting the program to the maps of one picture on disk, and the peak memory, with the shipped model. The files are in the
page cache. One process a time, another kind first in every pass."""
import os
import shutil
import subprocess
import sys
from pathlib import Path

import shipped
from contender import Failure, count, last_line, progress, spread

LAUNCH = Path(__file__).resolve().parents[1] / "launch.py"
GOAL_MS, GOAL_MIB = 50, 60  # int8, one task


def start(command, threads):
    """(wall ms, peak MiB) of a program from start to end."""
    cpus = sorted(os.sched_getaffinity(0))[:threads]
    done = subprocess.run([sys.executable, "-S", "-E", str(LAUNCH), *map(str, command)], capture_output=True, text=True, check=False,
                          preexec_fn=lambda: os.sched_setaffinity(0, cpus))
    code, wall_ns, peak_kib = map(int, done.stdout.split()[-3:])
    if code != 0:
        raise Failure(f"{command[0]} ended with code {code}: {last_line(done.stderr)}")
    return wall_ns / 1e6, peak_kib / 1024


def ask(setting):
    tasks = {"semseg": "one task", "all": "all tasks"}
    models, missing = shipped.models(setting)
    kinds = [(numbers, model, threads, task) for numbers, model in models for threads in setting.threads for task in tasks]
    times, peaks = {kind: [] for kind in kinds}, {kind: [] for kind in kinds}
    maps, passes = setting.out / "first_map", 2 * setting.passes
    for number in range(passes + 1):
        first = number % len(kinds)
        for kind in kinds[first:] + kinds[:first]:
            numbers, model, threads, task = kind
            shutil.rmtree(maps, ignore_errors=True)
            wall_ms, peak_mib = start([setting.tools.edgemoe, "run", setting.picture, "--model", model, "--type", numbers, "--threads",
                                       threads, "--task", task, "-o", maps, "--quiet"], threads)
            if not list(maps.glob("*_semseg*")):
                raise Failure(f"{setting.tools.edgemoe} run: expected maps in {maps}, found none")
            if number > 0:  # the first fills the page cache
                times[kind].append(wall_ms)
                peaks[kind].append(peak_mib)
        progress(f"first map: pass {number} of {passes}", last=number == passes)
    rows = [{"numbers": numbers, "model": model.name, "model_mb": model.stat().st_size / 1e6, "threads": threads, "tasks": tasks[task],
             "ms": spread(times[numbers, model, threads, task]), "memory_mib": spread(peaks[numbers, model, threads, task])}
            for numbers, model, threads, task in kinds]
    return {"picture": setting.picture.name, "effort": f"{count(passes, 'start')} of each", "goal_ms": GOAL_MS, "goal_mib": GOAL_MIB,
            "rows": rows, "missing": missing}
