"""From a picture's file to the maps' files with the shipped model, stage by stage: decode, resize, backbone, heads, maps, encode."""
import json
import os
import shutil
import subprocess

import shipped
from contender import Failure, count, last_line, progress, spread

PICTURES = 8  # in one run of the tool: its times are sums over them
STAGES = ("decode", "resize", "backbone", "head", "maps", "encode")


def run_tool(setting, numbers, model, threads, folder):
    """ms a picture of each stage, the whole, and what lies between the stages."""
    cpus = sorted(os.sched_getaffinity(0))[:threads]
    shutil.rmtree(folder / "maps", ignore_errors=True)
    done = subprocess.run([str(part) for part in (setting.tools.edgemoe, "run", folder / "pictures", "--model", model, "--type", numbers,
                                                  "--threads", threads, "-o", folder / "maps", "--json")],
                          capture_output=True, text=True, check=False, preexec_fn=lambda: os.sched_setaffinity(0, cpus))
    if done.returncode != 0:
        raise Failure(f"{setting.tools.edgemoe} run ended with code {done.returncode}: {last_line(done.stderr)}")
    times = json.loads(done.stdout)["times_ms"]
    stages = {stage: times[stage] / PICTURES for stage in STAGES}
    total = times["total"] / PICTURES
    return stages | {"other": total - sum(stages.values()), "total": total}


def ask(setting):
    folder = setting.out / "picture_to_maps"
    (folder / "pictures").mkdir(parents=True, exist_ok=True)
    for number in range(PICTURES):
        shutil.copyfile(setting.picture, folder / "pictures" / f"{number}{setting.picture.suffix}")
    models, missing = shipped.models(setting)
    kinds = [(numbers, model, threads) for numbers, model in models for threads in setting.threads]
    found = {kind: [] for kind in kinds}
    for number in range(setting.passes):
        first = number % len(kinds)
        for kind in kinds[first:] + kinds[:first]:
            found[kind].append(run_tool(setting, *kind, folder))
        progress(f"picture to maps: pass {number + 1} of {setting.passes}", last=number + 1 == setting.passes)
    return {"picture": setting.picture.name, "effort": f"{count(setting.passes, 'start')}, {PICTURES} pictures each", "missing": missing,
            "stages": [*STAGES, "other"],
            "rows": [{"numbers": numbers, "model": model.name, "threads": threads,
                      "ms": {stage: spread([times[stage] for times in found[numbers, model, threads]])
                             for stage in (*STAGES, "other", "total")}} for numbers, model, threads in kinds]}
