"""What a run says: progress lines, log.jsonl, curves.png."""
import json
import time
from pathlib import Path

from atomic import write_atomically, write_text_atomically

LOG, CURVES = "log.jsonl", "curves.png"
KINDS = ("train", "validation")


def duration(seconds):
    minutes, seconds = divmod(int(max(seconds, 0)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}"


class Progress:
    """Means of the losses since the last line, and speed over the same stretch. `validated` is the step of the last
    validation in the log, or None."""

    def __init__(self, run_dir, every):
        self.path, self.every = Path(run_dir) / LOG, every
        steps = [entry["step"] for entry in read_log(self.path) if entry["kind"] == "validation"]
        self.validated = steps[-1] if steps else None
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
        print(f"step {step + 1}  {text}  lr {rate:.2e}  {speed:.1f} pictures/s  {duration(seconds_left)} left",
              flush=True)
        self.log({"kind": "train", "step": step + 1, "losses": means, "lr": rate, "pictures_per_s": speed})
        self.restart()

    def write_validation(self, step, values):
        shown = {"miou": "mIoU", "abs_rel": "abs-rel", "angle": "normals angle"}
        text = "  ".join(f"{title} {values[name]:.4f}" for name, title in shown.items() if name in values)
        print(f"step {step}  validation: {text}", flush=True)
        self.log({"kind": "validation", "step": step, **values})
        self.validated = step
        # Time spent on validation is not training speed.
        self.restart()

    def log(self, entry):
        with self.path.open("a") as file:
            file.write(json.dumps(entry) + "\n")


def read_log(path):
    """The entries of a log.jsonl; none where there is no file."""
    path, entries = Path(path), []
    for line in path.read_text().splitlines() if path.is_file() else ():
        try:
            entry = json.loads(line)
            if entry["kind"] in KINDS and isinstance(entry["step"], int):
                entries.append(entry)
        except (ValueError, KeyError, TypeError):
            continue  # A line that was cut off when the machine went down.
    return entries


def drop_after(run_dir, step):
    """Removes what the log says of steps after `step`: a run that is resumed from there writes it again."""
    path = Path(run_dir) / LOG
    if path.is_file():
        kept = [json.dumps(entry) + "\n" for entry in read_log(path) if entry["step"] <= step]
        write_text_atomically(path, "".join(kept))


def draw_curves(run_dir):
    """Writes curves.png from log.jsonl; returns a sentence where that did not come about, whatever the reason: a
    picture is not worth a finished run's exit code."""
    try:
        import matplotlib
        matplotlib.use("Agg")
        return plot(Path(run_dir))
    except ImportError:
        return f"no {CURVES}: matplotlib is not installed (Debian's python3-matplotlib)"
    except Exception as error:
        return f"no {CURVES}: {type(error).__name__}: {error}"


def plot(run_dir):
    from matplotlib import pyplot
    entries = read_log(run_dir / LOG)
    training = [entry for entry in entries if entry["kind"] == "train"]
    validation = [entry for entry in entries if entry["kind"] == "validation"]
    if not training:
        return f"no {CURVES}: no step was logged yet"
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
    write_atomically(run_dir / CURVES, lambda file: figure.savefig(file, dpi=100, format="png"))
    pyplot.close(figure)
    return None
