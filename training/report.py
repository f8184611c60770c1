"""What a run says: progress lines, log.jsonl, curves.png."""
import json
import time
from pathlib import Path


def duration(seconds):
    minutes, seconds = divmod(int(max(seconds, 0)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}"


class Progress:
    """Means of the losses since the last line, and speed over the same stretch."""

    def __init__(self, run_dir, every):
        self.path, self.every = Path(run_dir) / "log.jsonl", every
        self.restart()

    def restart(self):
        self.sums, self.steps, self.pictures, self.began = {}, 0, 0, time.perf_counter()

    def add(self, losses, pictures):
        for name, value in losses.items():
            self.sums[name] = self.sums.get(name, 0.0) + value
        self.steps += 1
        self.pictures += pictures

    def due(self, step):
        return (step + 1) % self.every == 0

    def write(self, step, rate, seconds_left):
        speed = self.pictures / (time.perf_counter() - self.began)
        means = {name: value / self.steps for name, value in self.sums.items()}
        text = "  ".join(f"{name} {value:.4f}" for name, value in means.items())
        print(f"step {step + 1}  {text}  lr {rate:.2e}  {speed:.1f} pictures/s  {duration(seconds_left)} left", flush=True)
        self.log({"kind": "train", "step": step + 1, "losses": means, "lr": rate, "pictures_per_s": speed})
        self.restart()

    def write_validation(self, step, values):
        shown = {"miou": "mIoU", "abs_rel": "abs-rel", "angle": "normals angle"}
        text = "  ".join(f"{title} {values[name]:.4f}" for name, title in shown.items() if name in values)
        print(f"step {step}  validation: {text}", flush=True)
        self.log({"kind": "validation", "step": step, **values})
        # Time spent on validation is not training speed.
        self.restart()

    def log(self, entry):
        with self.path.open("a") as file:
            file.write(json.dumps(entry) + "\n")


def drop_after(path, step):
    """Removes lines of steps after `step`: a run that is resumed from there writes them again."""
    path = Path(path)
    if not path.is_file():
        return
    kept = []
    for line in path.read_text().splitlines():
        try:
            if json.loads(line)["step"] <= step:
                kept.append(line)
        except (ValueError, KeyError):
            continue  # A line that was cut off when the machine went down.
    path.write_text("".join(line + "\n" for line in kept))


def draw_curves(run_dir):
    """Writes curves.png from log.jsonl; returns a sentence if there is nothing to draw with or to draw."""
    run_dir = Path(run_dir)
    try:
        import matplotlib
    except ImportError:
        return "no curves.png: matplotlib is not installed (Debian's python3-matplotlib)"
    matplotlib.use("Agg")
    from matplotlib import pyplot
    entries = [json.loads(line) for line in (run_dir / "log.jsonl").read_text().splitlines()]
    training = [entry for entry in entries if entry["kind"] == "train"]
    validation = [entry for entry in entries if entry["kind"] == "validation"]
    if not training:
        return "no curves.png: no step was logged yet"
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(11, 4))
    for name in training[0]["losses"]:
        left.plot([entry["step"] for entry in training], [entry["losses"].get(name) for entry in training], label=name)
    left.set(xlabel="step", ylabel="loss", yscale="log", title="training")
    left.legend()
    for name, title in (("miou", "mIoU"), ("abs_rel", "depth abs-rel")):
        points = [(entry["step"], entry[name]) for entry in validation if name in entry]
        if points:
            right.plot(*zip(*points), marker=".", label=title)
    right.set(xlabel="step", ylim=(0, 1), title="validation")
    if right.has_data():
        right.legend()
    figure.tight_layout()
    making = run_dir / "curves.making.png"
    figure.savefig(making, dpi=100)
    pyplot.close(figure)
    making.replace(run_dir / "curves.png")
    return None
