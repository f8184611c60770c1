#!/usr/bin/env python3
"""simulate_test.py TOOL SIMULATOR SOURCE DESIGN MODEL: the RTL as a device of the tool; MODEL is a configuration's name, of which a
seeded model is made, or a model file. Every number must be the int8 engine's."""
import json
import os
import subprocess
import sys
import tempfile
import xml.dom.minidom
from pathlib import Path

TOOL, SIMULATOR, SOURCE = (Path(argument).resolve() for argument in sys.argv[1:4])
DESIGN, MODEL = sys.argv[4:6]
MOST_MISS = 0.03  # of the cost model


def tool(*arguments):
    environment = dict(os.environ, EDGEMOE_SIMULATOR_DIR=str(SIMULATOR.parent))
    done = subprocess.run([TOOL, *map(str, arguments)], capture_output=True, text=True, env=environment)
    assert done.returncode == 0, f"{arguments}\n{done.stdout}{done.stderr}"
    return done.stdout


def maps(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "summary.json"}


def check_report(report):
    assert report["equal"] and report["compared_values"] > 1000, report
    assert report["device"] == f"sim:{DESIGN}" and report["runs"] >= 1
    ends = report["phase_ends"]
    assert len(ends) == report["phases"] and ends == sorted(ends) and ends[0] > 0
    assert report["cycles"] >= ends[-1] * report["runs"] * 0.5
    for what in ("cycles_by_phase", "cycles_by_block"):
        assert sum(report[what].values()) == ends[-1], what
    miss = report["modelled_cycles"] / report["cycles"] - 1
    assert abs(miss) < MOST_MISS, f"the cost model says {report['modelled_cycles']:.0f} cycles, {report['cycles']} are simulated"
    assert report["read_bytes"] > report["written_bytes"] > 0


def check_device(summary, runs):
    """What the summary of `edgemoe run` says of the device."""
    device = summary["device"]
    assert device["name"] == f"sim:{DESIGN}" and device["runs"] == runs, device
    assert device["cycles"] > 1000 and device["read_bytes"] > device["written_bytes"] > 0 and device["memory"], device


def check_other_design(picture, model, folder):
    """A simulator is for one design point: not for another of its name."""
    other = folder / f"{DESIGN}.json"
    design = json.loads((SOURCE / f"configs/accelerators/{DESIGN}.json").read_text())
    design["memory"]["weight_words"] *= 2
    other.write_text(json.dumps(design))
    environment = dict(os.environ, EDGEMOE_SIMULATOR_DIR=str(SIMULATOR.parent))
    done = subprocess.run([TOOL, "simulate", picture, "--model", model, "--device", f"sim:{other}"], capture_output=True, text=True,
                          env=environment)
    assert done.returncode != 0 and "of other sizes" in done.stderr, done


def main():
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        picture = SOURCE / "examples/pictures/rendered-street.jpg"
        model = Path(MODEL)
        if not model.is_file():
            model = folder / "model.safetensors"
            tool("new", MODEL, "--seed", 3, "-o", model)
        timeline = folder / "timeline.svg"
        report = json.loads(tool("simulate", picture, "--model", model, "--device", f"sim:{DESIGN}", "--json", "--timeline",
                                 timeline))
        check_report(report)
        if DESIGN == "small":
            slow = json.loads(tool("simulate", picture, "--model", model, "--device", f"sim:{DESIGN}", "--json",
                                   "--memory-share", 0.25, "--memory-latency", 100))
            check_report(slow)
            assert slow["cycles"] > report["cycles"] and slow["memory"] == "100 cycles of latency, 2.0 bytes a cycle"
        bars = xml.dom.minidom.parse(str(timeline)).getElementsByTagName("title")
        assert len(bars) == report["phases"]
        options = ("--model", model, "--task", "depth")
        tool("run", picture, *options, "-o", folder / "here", "--type", "int8")
        tool("run", picture, *options, "-o", folder / "there", "--device", f"sim:{DESIGN}")
        assert maps(folder / "here") == maps(folder / "there") != {}
        check_device(json.loads((folder / "there/summary.json").read_text()), runs=1)
        assert json.loads((folder / "here/summary.json").read_text())["device"] is None
        check_other_design(picture, model, folder)
        print(f"{report['cycles'] / report['runs']:.0f} cycles a run, {report['compared_values']} values equal")


if __name__ == "__main__":
    main()
