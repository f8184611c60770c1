"""The command line of train.py."""
import argparse
import json
from pathlib import Path

from layout import ARRAYS, DataError

EXAMPLES = """examples:
  train.py --config edgemoe-street --data out/train --val out/val --hours 8 -o out/run
  train.py --config edgemoe-street --data my-pictures --tasks semseg --steps 5000 -o out/mine
  train.py --config mine.json --data mine --start-from models/edgemoe-street.safetensors --lr 2e-4 --steps 2000 -o out/mine
  train.py (the same command again)          goes on where the run in -o stopped, after Ctrl-C too

The export, RUN_DIR/checkpoint.pth, is written at the end; export.py RUN_DIR writes it at any time.
"""


def parse_numbers(text):
    """'semseg=1,depth=0.5' → {"semseg": 1.0, "depth": 0.5}"""
    result = {}
    for entry in filter(None, text.split(",")):
        name, _, value = entry.partition("=")
        try:
            result[name] = float(value)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{entry!r}: expected TASK=NUMBER, comma separated") from None
        if result[name] < 0:
            raise argparse.ArgumentTypeError(f"{entry!r}: a number below 0")
    return result


def positive(kind):
    def convert(text):
        value = kind(text)
        if not value > 0:
            raise ValueError(text)
        return value
    convert.__name__ = f"positive {kind.__name__}"
    return convert


def fraction(text):
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text!r}: expected a number from 0 to 1")
    return value


def make_parser():
    parser = argparse.ArgumentParser(prog="train.py", description="Trains an M3ViT for edgemoe.", epilog=EXAMPLES,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("--config", required=True, metavar="NAME_OR_FILE", help="network: a file, or a name in configs/models")
    add("--data", required=True, nargs="+", metavar="DIR", help="data sets (training/README.md says how they are laid out)")
    add("-o", dest="run_dir", required=True, metavar="RUN_DIR", help="folder of the run: state, log, curves, checkpoint")
    add("--start-from", metavar="MODEL", help="weights to begin with: a model file with the same backbone, e.g. one of models/")
    add("--tasks", help="comma separated subset of the configuration's tasks (default: all of them)")
    length = parser.add_mutually_exclusive_group(required=True)
    length.add_argument("--steps", type=positive(int), help="length of the run in steps")
    length.add_argument("--hours", type=positive(float), help="length of the run in hours, pauses not counted")
    add("--batch", type=positive(int), default=48, help="pictures a step (default: %(default)s)")
    add("--lr", type=positive(float), default=1e-3, help="peak learning rate (default: %(default)s)")
    add("--optimizer", choices=("muon", "adamw"), default="muon",
        help="of the blocks' matrices; everything else has AdamW (default: %(default)s)")
    add("--seed", type=int, default=1, help="(default: %(default)s)")
    add("--val", metavar="DIR", help="validation data (default: pictures held out from --data)")
    add("--val-fraction", type=positive(float), default=0.02, help="fraction that is held out (default: %(default)s)")
    add("--val-pictures", type=positive(int), default=200, help="at most so many each time (default: %(default)s)")
    add("--val-every", type=positive(int), default=1000, metavar="STEPS", help="(default: %(default)s)")
    add("--log-every", type=positive(int), default=20, metavar="STEPS", help="(default: %(default)s)")
    add("--save-minutes", type=positive(float), default=10, help="between two states (default: %(default)s)")
    add("--share", type=parse_numbers, default={}, metavar="TASK=FRACTION,…",
        help="fraction of a batch's pictures that a task sees (default: 1/number of tasks, no picture twice)")
    add("--task-weight", type=parse_numbers, default={}, metavar="TASK=W,…", help="weight of a task's loss (default: 1)")
    add("--one-router", type=fraction, default=0.0, metavar="FRACTION",
        help="of the run, from its start, in which a token passes once for all tasks, by one router "
             "(default: %(default)s)")
    add("--balance", type=float, default=0.01, help="weight of the load-balancing loss (default: %(default)s)")
    add("--gate-noise", type=float, default=1.0, help="of the routers while training, in 1/experts (default: %(default)s)")
    add("--drop-path", type=float, default=0.02, help="of the last block, rising to it (default: %(default)s)")
    add("--weight-decay", type=float, default=0.05, help="(default: %(default)s)")
    add("--head-lr", type=positive(float), default=4.0, help="the decoders' factor on --lr (default: %(default)s)")
    add("--warmup", type=int, default=300, metavar="STEPS", help="(default: %(default)s)")
    add("--average", type=float, default=0.998, help="decay of the averaged weights (default: %(default)s)")
    add("--clip", type=positive(float), default=2.0, help="largest norm of the gradient (default: %(default)s)")
    add("--no-augment", action="store_true", help="pictures as they are")
    add("--precision", choices=("auto", "fp32", "bf16"), default="auto",
        help="auto: bf16 where the hardware multiplies it, else fp32")
    add("--device", choices=("auto", "cpu", "cuda"), default="auto")
    add("--workers", type=positive(int), help="processes that share each batch (default: 2 on a CPU with 2 cores or more)")
    add("--threads", type=positive(int), help="of each process (default: the cores, divided)")
    add("--export-dtype", choices=("f32", "f16", "bf16"), default="f32", help="matrices of the checkpoint")
    return parser


def read_config(name, tasks):
    """The configuration with `tasks` (a list or None) of its tasks, in its order. Raises DataError."""
    path = Path(name)
    if path.suffix != ".json":
        path = Path(__file__).resolve().parents[1] / "configs" / "models" / f"{name}.json"
    try:
        config = json.loads(path.read_text())
    except OSError as error:
        raise DataError(f"configuration {name}: {error}") from error
    except ValueError as error:
        raise DataError(f"{path}: not JSON: {error}") from error
    have = [task["name"] for task in config["tasks"]]
    if tasks is not None:
        unknown = [task for task in tasks if task not in have]
        if unknown:
            raise DataError(f"--tasks: {', '.join(unknown)}: not in configuration {config['name']} ({', '.join(have)})")
        config["tasks"] = [task for task in config["tasks"] if task["name"] in tasks]
    other = [task["name"] for task in config["tasks"] if task["name"] not in ARRAYS]
    if other or not config["tasks"]:
        raise DataError(f"the trainer knows {', '.join(ARRAYS)}, not {', '.join(other) or 'no task'}: choose with --tasks")
    return config


def settings_of(options, config, device, precision):
    """The run's settings as plain values: what is stored with its state."""
    tasks = [task["name"] for task in config["tasks"]]
    for name in ("share", "task_weight"):
        unknown = set(getattr(options, name)) - set(tasks)
        if unknown:
            raise DataError(f"--{name.replace('_', '-')}: {', '.join(sorted(unknown))}: not a task of this run")
    settings = vars(options).copy()
    settings.update(
        tasks=tasks, device=device, precision=precision, data=[str(Path(folder).resolve()) for folder in options.data],
        val=options.val and str(Path(options.val).resolve()),
        start_from=options.start_from and str(Path(options.start_from).resolve()),
        share={task: min(1.0, options.share.get(task, 1 / len(tasks))) for task in tasks},
        task_weight={task: options.task_weight.get(task, 1.0) for task in tasks})
    return settings
