"""How fast is the float engine, against ONNX Runtime on the same weights?

    float_vs_onnxruntime.py --tools BUILD_DIR --out OUT_DIR [--passes 12] [--runs 6] [--config edgemoe-cityscapes]

Backbone alone (picture to last block's tokens), batch 1, random weights of a seeded model. Every contender is a process of its own,
pinned to the same processors; they take turns, a few runs at a time, many times over, and ratios are taken within a turn. Nothing is
timed before its output has been compared with ours. Writes results.json, results.md and, with matplotlib, results.png.
"""
import argparse
import datetime
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import onnx
import onnxruntime

import model_to_onnx

HERE = Path(__file__).resolve().parent
RIVALS = {
    "ONNX Runtime, sparse experts": ("sparse", "plain"),
    "ONNX Runtime, sparse experts, fused attention": ("sparse", "mha"),
    "ONNX Runtime, plain export": ("dense", "plain"),
}
OURS = "edgemoe float"
LARGEST_DIFFERENCE = 1e-3  # of the largest magnitude of the tokens


class Contender:
    """A process that runs when told to."""

    def __init__(self, name, command, threads):
        self.name = name
        environment = {k: v for k, v in os.environ.items() if not k.startswith("OPENBLAS_")}
        cpus = sorted(os.sched_getaffinity(0))[:threads]
        self.process = subprocess.Popen([str(part) for part in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        text=True, env=environment, preexec_fn=lambda: os.sched_setaffinity(0, cpus))
        word, load_ms = self.process.stdout.readline().split()
        assert word == "ready", name
        self.load_ms = float(load_ms)
        self.passes = []  # medians in ms, one a pass
        self.all_ms = []

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline()

    def time(self, runs):
        times = [int(word) / 1e6 for word in self.ask(str(runs)).split()]
        assert len(times) == runs, self.name
        return times

    def measure(self, runs):
        self.time(1)  # warms caches after the others
        times = self.time(runs)
        self.passes.append(statistics.median(times))
        self.all_ms += times

    def end(self):
        self.memory_mib = int(self.ask("end")) / 1024
        self.process.wait()


def ratio(numerator, denominator):
    ratios = [a / b for a, b in zip(numerator.passes, denominator.passes)]
    return {"median": statistics.median(ratios), "min": min(ratios), "max": max(ratios)}


def summary(contender):
    return {"median_ms": statistics.median(contender.all_ms), "min_ms": min(contender.all_ms),
            "max_ms": max(contender.all_ms), "load_ms": contender.load_ms, "memory_mib": contender.memory_mib}


def take_turns(contenders, passes, runs, label):
    for number in range(passes):
        print(f"\r{label}: pass {number + 1} of {passes}", end="", file=sys.stderr, flush=True)
        for contender in contenders:
            contender.measure(runs)
            time.sleep(0.05)  # a rival's threads may still spin
    print(file=sys.stderr)
    for contender in contenders:
        contender.end()


class Benchmark:
    def __init__(self, options):
        self.options = options
        self.folder = Path(options.out)
        self.folder.mkdir(parents=True, exist_ok=True)
        tools = Path(options.tools)
        self.tool, self.engine_bench = tools / "bin/edgemoe", tools / "bin/engine_bench"
        self.model = self.folder / f"{options.config}.safetensors"
        self.run_tool("new", options.config, "--seed", "1", "-o", self.model)
        config, _ = model_to_onnx.read_model(self.model)
        self.config, self.tasks = config, [task["name"] for task in config["tasks"]]
        shape = (3, config["input"]["height"], config["input"]["width"])
        image = np.random.default_rng(7).standard_normal(shape).astype("<f4")
        self.input = self.folder / "input.f32"
        image.tofile(self.input)
        np.save(self.folder / "input.npy", image)

    def run_tool(self, *arguments):
        subprocess.run([str(self.tool), *map(str, arguments)], check=True, stdout=subprocess.DEVNULL)

    def ours(self, threads, batch=1, tasks=1, what="backbone", isa="best", name=OURS):
        return Contender(name, [self.engine_bench, self.model, self.input, threads, batch, ",".join(self.tasks[:tasks]),
                                what, isa], threads)

    def our_tokens(self):
        taps = self.folder / "taps.safetensors"
        self.run_tool("run", self.folder / "input.npy", "--model", self.model, "--task", self.tasks[0], "--dump-taps", taps)
        data = taps.read_bytes()
        length = int.from_bytes(data[:8], "little")
        header = json.loads(data[8:8 + length])
        entry = header[f"{self.tasks[0]}/block{self.config['depth'] - 1}.out"]
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        return np.frombuffer(data[begin:end], "<f4").reshape(entry["shape"])

    def build_rivals(self):
        """Graphs whose output agrees with ours; the run ends here if one does not."""
        tokens = self.our_tokens()
        graphs, self.differences = {}, {}
        for name, (experts, attention) in RIVALS.items():
            graph = self.folder / f"{experts}-{attention}.onnx"
            onnx.save(model_to_onnx.build(self.model, experts, attention), graph)
            worker = self.rival(name, graph, 1)
            output = self.folder / "output.f32"
            worker.ask(f"save {output}")
            worker.end()
            other = np.fromfile(output, "<f4").reshape(tokens.shape)
            difference = float(np.abs(tokens - other).max() / np.abs(tokens).max())
            print(f"{name}: differs from ours by {difference:.1e} of the largest token value", file=sys.stderr)
            if not difference < LARGEST_DIFFERENCE:
                sys.exit(f"{name}: {difference} is past {LARGEST_DIFFERENCE}: not the same network, nothing was timed")
            graphs[name], self.differences[name] = graph, difference
        return graphs

    def rival(self, name, graph, threads):
        return Contender(name, [sys.executable, HERE / "onnxruntime_worker.py", graph, self.input, threads], threads)

    def run(self):
        graphs = self.build_rivals()
        rows = []
        for threads in self.options.threads:
            contenders = [self.ours(threads)] + [self.rival(name, graph, threads) for name, graph in graphs.items()]
            take_turns(contenders, self.options.passes, self.options.runs, f"{threads} threads")
            for contender in contenders:
                rows.append({"threads": threads, "name": contender.name, **summary(contender),
                             "times_slower_than_ours": ratio(contender, contenders[0])})
        return {"rivals": rows, "ourselves": self.run_ourselves()}

    def run_ourselves(self):
        """What several tasks, a batch and each instruction set cost, one thread, against the plain run beside it."""
        rows = []
        isas = json.loads(subprocess.run([str(self.tool), "doctor", "--json"], capture_output=True, check=False,
                                         text=True).stdout)["instruction_sets"]
        variants = [("two tasks in one call", {"tasks": 2}), ("batch 8, for each picture", {"batch": 8})]
        variants += [(f"instruction set {isa}", {"isa": isa}) for isa in isas]
        contenders = [self.ours(1)] + [self.ours(1, name=name, **how) for name, how in variants]
        take_turns(contenders, max(4, self.options.passes // 2), max(2, self.options.runs // 2), "ourselves")
        for contender, (name, how) in zip(contenders[1:], variants):
            pictures = how.get("batch", 1)
            contender.passes = [value / pictures for value in contender.passes]
            contender.all_ms = [value / pictures for value in contender.all_ms]
            rows.append({"name": name, **summary(contender), "times_the_plain_run": ratio(contender, contenders[0])})
        return rows


def machine():
    model = next((line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "")
    return {"cpu": model, "processors": len(os.sched_getaffinity(0)), "system": platform.platform(terse=True),
            "onnxruntime": onnxruntime.__version__, "date": datetime.date.today().isoformat()}


def table(results):
    where = results["machine"]
    lines = [f"Measured {where['date']} on {where['cpu']} ({where['processors']} processors), ONNX Runtime "
             f"{where['onnxruntime']}; {results['config']}, backbone, batch 1, medians over {results['passes']} passes of "
             f"{results['runs']} runs.", "",
             "| threads | contender | ms (min … max) | times ours (min … max) | load ms | peak MiB | status |",
             "|---|---|---|---|---|---|---|"]
    for row in results["rivals"]:
        r = row["times_slower_than_ours"]
        lines.append(f"| {row['threads']} | {row['name']} | {row['median_ms']:.2f} ({row['min_ms']:.2f} … {row['max_ms']:.2f}) | "
                     f"{r['median']:.2f} ({r['min']:.2f} … {r['max']:.2f}) | {row['load_ms']:.0f} | {row['memory_mib']:.0f} | measured |")
    lines += ["", "| edgemoe float, one thread | ms (min … max) | times the plain run (min … max) | status |", "|---|---|---|---|"]
    for row in results["ourselves"]:
        r = row["times_the_plain_run"]
        lines.append(f"| {row['name']} | {row['median_ms']:.2f} ({row['min_ms']:.2f} … {row['max_ms']:.2f}) | "
                     f"{r['median']:.2f} ({r['min']:.2f} … {r['max']:.2f}) | measured |")
    return "\n".join(lines) + "\n"


def plot(results, path):
    try:
        import matplotlib
        matplotlib.use("Agg")
        from matplotlib import pyplot
    except ImportError:
        print("no matplotlib: no plot", file=sys.stderr)
        return
    rows = results["rivals"][::-1]
    figure, axes = pyplot.subplots(figsize=(8, 0.5 * len(rows) + 1.2))
    names = [f"{row['name']}, {row['threads']} thread{'s' if row['threads'] > 1 else ''}" for row in rows]
    medians = [row["median_ms"] for row in rows]
    axes.barh(names, medians, color=["#0072b2" if row["name"] == OURS else "#999999" for row in rows])
    for place, value in enumerate(medians):
        axes.text(value, place, f" {value:.1f}", va="center")
    axes.set_xlabel("ms a picture, median")
    figure.tight_layout()
    figure.savefig(path, dpi=120)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tools", required=True, help="build folder with bin/edgemoe and bin/engine_bench")
    parser.add_argument("--out", required=True, help="folder for models, graphs and results")
    parser.add_argument("--config", default="edgemoe-cityscapes")
    parser.add_argument("--passes", type=int, default=12)
    parser.add_argument("--runs", type=int, default=6)
    parser.add_argument("--threads", type=int, nargs="+", default=sorted({1, min(2, len(os.sched_getaffinity(0)))}))
    options = parser.parse_args()
    results = {"machine": machine(), "config": options.config, "passes": options.passes, "runs": options.runs,
               **Benchmark(options).run()}
    out = Path(options.out)
    (out / "results.json").write_text(json.dumps(results, indent=2) + "\n")
    (out / "results.md").write_text(table(results))
    plot(results, out / "results.png")
    print(table(results))


if __name__ == "__main__":
    main()
