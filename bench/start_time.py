#!/usr/bin/env python3
"""start_time.py TOOL PICTURE MODEL… [--runs N] [--options "--task depth --type int8"]: what a start of edgemoe costs.

Whole processes, from start to the last map written, the models in turn: milliseconds (min, median, max) and peak
resident memory, as JSON."""
import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time


def run(command):
    """Milliseconds and peak resident memory in MiB of one process."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"start_time: {' '.join(command)} failed with {process.returncode}")
    return (time.perf_counter() - start) * 1e3, usage.ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tool")
    parser.add_argument("picture")
    parser.add_argument("models", nargs="+")
    parser.add_argument("--runs", type=int, default=21)
    parser.add_argument("--options", default="", help="more for edgemoe run")
    arguments = parser.parse_args()
    measured = {model: [] for model in arguments.models}
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(arguments.runs + 1):
            for model, found in measured.items():
                found.append(run([arguments.tool, "run", arguments.picture, "--model", model, "-q", "-o", folder,
                                  *arguments.options.split()]))
    report = []
    for model, found in measured.items():
        times, memory = zip(*found[1:])  # the first run brings files into the system's cache
        report.append({"model": model, "runs": len(times), "ms_min": round(min(times), 1),
                       "ms_median": round(statistics.median(times), 1), "ms_max": round(max(times), 1),
                       "peak_mib": round(max(memory), 1)})
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
