"""Asks how fast edgemoe is, one question at a time; writes JSON, tables and plots.

    bench.py --tools BUILD_DIR --out OUT_DIR [--quick] [QUESTION…]

Questions: rivals (backbone against ONNX Runtime, OpenVINO, PyTorch), ourselves (two tasks, a batch, instruction sets), tokens (2,049
tokens; memory), first_map (start to maps, peak memory), picture_to_maps (stages). All of them where none is named.
"""
import argparse
import datetime
import importlib
import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import questions
import report
from contender import Failure

ROOT = Path(__file__).resolve().parents[1]
PASSES, RUNS = {False: 12, True: 3}, {False: 6, True: 2}  # by --quick


def positive(text):
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected a number of at least 1, found {text}")
    return value


def parse(argv):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("questions", nargs="*", metavar="QUESTION", help=", ".join(questions.ALL))
    parser.add_argument("--tools", required=True, type=Path, help="build folder with bin/edgemoe and bin/engine_bench")
    parser.add_argument("--out", required=True, type=Path, help="folder for models, graphs and results")
    parser.add_argument("--quick", action="store_true", help="few passes, small sizes: to see that everything runs")
    parser.add_argument("--passes", type=positive, help="rounds of turns (12; --quick: 3)")
    parser.add_argument("--runs", type=positive, help="timed runs in a turn (6; --quick: 2)")
    parser.add_argument("--threads", type=positive, nargs="+", default=sorted({1, min(2, len(os.sched_getaffinity(0)))}))
    parser.add_argument("--config", default="edgemoe-cityscapes", help="named model of the questions on the backbone")
    parser.add_argument("--model", type=Path, default=ROOT / "models" / "edgemoe-street.safetensors",
                        help="model file of the questions on pictures")
    parser.add_argument("--picture", type=Path, default=ROOT / "examples" / "pictures" / "rendered-street.jpg")
    parser.add_argument("--without", nargs="+", default=[], metavar="WORD",
                        help="leave out the rivals whose name has one of these words, e.g. compiled (which takes minutes to compile)")
    parser.add_argument("--pytorch", metavar="PYTHON", help="an interpreter that has PyTorch and NumPy (default: this one)")
    options = parser.parse_args(argv)
    unknown = [name for name in options.questions if name not in questions.ALL]
    if unknown:
        parser.error(f"no question {', '.join(unknown)}; there are: {', '.join(questions.ALL)}")
    for path in (options.tools / "bin/edgemoe", options.tools / "bin/engine_bench", options.model, options.picture):
        if not path.is_file():
            parser.error(f"{path}: no such file" + ("; build it: scripts/bench" if path.parent.name == "bin" else ""))
    processors = len(os.sched_getaffinity(0))
    if max(options.threads) > processors:
        parser.error(f"--threads {max(options.threads)}: there are {processors} processors")
    options.questions = options.questions or list(questions.ALL)
    options.passes = options.passes or PASSES[options.quick]
    options.runs = options.runs or RUNS[options.quick]
    return options


def machine():
    cpu = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo", encoding="utf-8") if line.startswith("model name")), "")
    commit = subprocess.run(["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return {"cpu": cpu, "processors": len(os.sched_getaffinity(0)), "load": os.getloadavg()[0], "system": platform.platform(terse=True),
            "commit": commit.stdout.strip(), "date": datetime.date.today().isoformat()}


def setting_of(options):
    from rivals import Field, default_pythons
    from subject import Tools
    field = Field(default_pythons(options.pytorch), options.tools / "venv" / "failed", options.without)
    return questions.Setting(
        tools=Tools(options.tools), field=field, out=options.out, threads=tuple(options.threads), passes=options.passes, runs=options.runs,
        quick=options.quick, config=options.config, model=options.model,
        picture=options.picture)


def main(argv=None):
    options = parse(argv)
    options.out.mkdir(parents=True, exist_ok=True)
    os.environ.setdefault("TORCHINDUCTOR_CACHE_DIR", str((options.out / "inductor").resolve()))
    os.environ.setdefault("TORCHINDUCTOR_COMPILE_THREADS", "1")  # no pool of compilers beside what is timed
    setting = setting_of(options)
    failed = False
    for name in options.questions:
        print(f"== {name}", file=sys.stderr, flush=True)
        before = machine()
        try:
            answer = importlib.import_module(f"questions.{name}").ask(setting)
        except (Failure, subprocess.CalledProcessError) as failure:
            print(f"bench: {name}: {failure}", file=sys.stderr)
            failed = True
            continue
        versions = dict(setting.field.versions) if "fastest" in answer else {}
        results = {"question": name, "machine": before | {"versions": versions}, "quick": options.quick} | answer
        report.write_text(options.out / f"{name}.json", json.dumps(results, indent=2) + "\n")
        try:
            import plot
            plot.draw(name, results, options.out)
        except ImportError as error:
            print(f"bench: no plot: {error}", file=sys.stderr)
    shown = report.main([str(options.out)])
    return 1 if failed else shown


if __name__ == "__main__":
    sys.exit(main())
