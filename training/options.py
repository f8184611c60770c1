"""The command line of train.py."""
import argparse
import math
from pathlib import Path

from layout import UsageError

MAX_WORKERS = 64  # as many seeds as a step has for them
EXAMPLES = """examples:
  train.py --config edgemoe-street --data out/train --val out/val --hours 8 -o out/run
  train.py --config edgemoe-street --data my-pictures --tasks semseg --steps 5000 -o out/mine
  train.py --config mine.json --data mine --start-from models/edgemoe-street.safetensors --lr 2e-4 --steps 2000 -o out/mine
  train.py (the same command again)          goes on where the run in -o stopped, after Ctrl-C too

The export, RUN_DIR/checkpoint.pth, is written at the end; export.py RUN_DIR writes it at any time.
"""


def checked(kind, is_good, expected):
    """A type of argparse: `kind` of the text where is_good() of that."""
    def convert(text):
        try:
            value = kind(text)
        except ValueError:
            value = None
        if value is None or not is_good(value):
            raise argparse.ArgumentTypeError(f"{text!r}: expected {expected}")
        return value
    return convert


def count(low, high=2 ** 31 - 1):
    return checked(int, lambda value: low <= value <= high, f"a whole number from {low} to {high}")


# Comparisons are false for a NaN.
SEED = checked(int, lambda value: 0 <= value < 2 ** 63, "a whole number from 0 to 2^63 - 1")
POSITIVE = checked(float, lambda value: 0 < value < math.inf, "a number above 0")
POSITIVE_OR_0 = checked(float, lambda value: 0 <= value < math.inf, "a number, 0 or more")
FRACTION = checked(float, lambda value: 0 <= value <= 1, "a number from 0 to 1")
BELOW_1 = checked(float, lambda value: 0 <= value < 1, "a number from 0 to below 1")
BETWEEN_0_AND_1 = checked(float, lambda value: 0 < value < 1, "a number between 0 and 1")


def parse_numbers(text):
    """'semseg=1,depth=0.5' → {"semseg": 1.0, "depth": 0.5}"""
    result = {}
    for entry in filter(None, text.split(",")):
        name, _, value = entry.rpartition("=")
        if name in result:
            raise argparse.ArgumentTypeError(f"{name} stands there twice")
        try:
            result[name] = POSITIVE_OR_0(value)
        except argparse.ArgumentTypeError:
            message = f"{entry!r}: expected TASK=NUMBER, comma separated, no number below 0"
            raise argparse.ArgumentTypeError(message) from None
    return result


def make_parser():
    parser = argparse.ArgumentParser(prog="train.py", description="Trains an M3ViT for edgemoe.", epilog=EXAMPLES,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--config", required=True, metavar="NAME_OR_FILE", help="network: a file, or a name in configs/models")
    add("--data", required=True, nargs="+", metavar="DIR",
        help="data sets (training/README.md says how they are laid out)")
    add("-o", dest="run_dir", required=True, metavar="RUN_DIR", help="folder of the run: state, log, curves, checkpoint")
    add("--start-from", metavar="MODEL",
        help="weights to begin with: a model file with the same backbone, e.g. one of models/")
    add("--tasks", help="comma separated subset of the configuration's tasks (default: all of them)")
    length = parser.add_mutually_exclusive_group(required=True)
    length.add_argument("--steps", type=count(1), help="length of the run in steps")
    length.add_argument("--hours", type=POSITIVE, help="length of the run in hours, pauses not counted")
    add("--batch", type=count(1, 65536), default=48, help="pictures a step (default: %(default)s)")
    add("--lr", type=POSITIVE, default=1e-3, help="peak learning rate (default: %(default)s)")
    add("--optimizer", choices=("muon", "adamw"), default="muon",
        help="of the blocks' matrices; everything else has AdamW (default: %(default)s)")
    add("--seed", type=SEED, default=1, help="(default: %(default)s)")
    add("--val", metavar="DIR", help="validation data (default: pictures held out from --data)")
    add("--val-fraction", type=BETWEEN_0_AND_1, default=0.02, help="fraction that is held out (default: %(default)s)")
    add("--val-pictures", type=count(1), default=200, help="at most so many each time (default: %(default)s)")
    add("--val-every", type=count(1), default=1000, metavar="STEPS", help="(default: %(default)s)")
    add("--log-every", type=count(1), default=20, metavar="STEPS", help="(default: %(default)s)")
    add("--save-minutes", type=POSITIVE, default=10, help="between two states (default: %(default)s)")
    add("--share", type=parse_numbers, default={}, metavar="TASK=FRACTION,…",
        help="fraction of a batch's pictures that a task sees (default: 1/number of tasks, no picture twice)")
    add("--task-weight", type=parse_numbers, default={}, metavar="TASK=W,…", help="weight of a task's loss (default: 1)")
    add("--far", type=parse_numbers, default={}, metavar="CLASS=METRES,…",
        help="where pixels of a class have no depth, they count as so far away, e.g. sky=150 (default: they count nowhere)")
    add("--one-router", type=FRACTION, default=0.0, metavar="FRACTION",
        help="of the run, from its start, in which a token passes once for all tasks, by one router "
             "(default: %(default)s)")
    add("--balance", type=POSITIVE_OR_0, default=0.01, help="weight of the load-balancing loss (default: %(default)s)")
    add("--gate-noise", type=POSITIVE_OR_0, default=1.0,
        help="of the routers while training, in 1/experts (default: %(default)s)")
    add("--drop-path", type=BELOW_1, default=0.02, help="of the last block, rising to it (default: %(default)s)")
    add("--weight-decay", type=POSITIVE_OR_0, default=0.05, help="(default: %(default)s)")
    add("--head-lr", type=POSITIVE, default=4.0, help="the decoders' factor on --lr (default: %(default)s)")
    add("--warmup", type=count(0), default=300, metavar="STEPS", help="(default: %(default)s)")
    add("--average", type=BELOW_1, default=0.998, help="decay of the averaged weights (default: %(default)s)")
    add("--clip", type=POSITIVE, default=2.0, help="largest norm of the gradient (default: %(default)s)")
    add("--no-augment", action="store_true", help="pictures as they are")
    add("--precision", choices=("auto", "fp32", "bf16"), default="auto",
        help="auto: bf16 where the hardware multiplies it, else fp32")
    add("--device", choices=("auto", "cpu", "cuda"), default="auto")
    add("--workers", type=count(1, MAX_WORKERS), help="processes that share each batch (default: 2 on a CPU with 2 cores or more)")
    add("--threads", type=count(1, 1024),
        help="of each process (default: OMP_NUM_THREADS where it is set, else the cores, divided)")
    add("--export-dtype", choices=("f32", "f16", "bf16"), default="f32", help="matrices of the checkpoint")
    return parser


def settings_of(options, config, device, precision):
    """The run's settings as plain values: what is stored with its state."""
    tasks = [task["name"] for task in config["tasks"]]
    for name in ("share", "task_weight"):
        unknown = set(getattr(options, name)) - set(tasks)
        if unknown:
            raise UsageError(f"--{name.replace('_', '-')}: {', '.join(sorted(unknown))}: not a task of this run")
    if options.far:
        classes = next((task["class_names"] for task in config["tasks"] if task["name"] == "semseg"), [])
        unknown = set(options.far) - set(classes)
        if unknown or "depth" not in tasks:
            raise UsageError(f"--far: needs depth and semseg among the tasks, and classes of {', '.join(classes) or 'none'}; "
                            f"found {', '.join(sorted(options.far))}")
    settings = vars(options).copy()
    settings.update(
        tasks=tasks, device=device, precision=precision, data=[str(Path(folder).resolve()) for folder in options.data],
        val=options.val and str(Path(options.val).resolve()),
        start_from=options.start_from and str(Path(options.start_from).resolve()),
        share={task: min(1.0, options.share.get(task, 1 / len(tasks))) for task in tasks},
        task_weight={task: options.task_weight.get(task, 1.0) for task in tasks})
    return settings
