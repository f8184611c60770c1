#!/usr/bin/env python3
"""Trains an M³ViT that edgemoe runs. `train.py --help` shows how; README.md beside this file tells more."""
import signal
import sys
import time
from pathlib import Path

import runtime
from layout import DataError
from options import make_parser, read_config, settings_of


class Stop:
    """Set by SIGINT and SIGTERM: the run ends after the step it is in."""

    def __init__(self):
        self.signal = None
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self.note)

    def note(self, number, _frame):
        self.signal = number


def run(trainer, progress, stop):
    """Steps until the end of the schedule (True) or a signal (False)."""
    settings, saved = trainer.settings, time.monotonic()
    while trainer.progress() < 1:
        before = trainer.step
        losses, rate = trainer.train_step()
        progress.add(losses, settings["batch"])
        if progress.due(before):
            done = trainer.progress()
            progress.write(before, rate, trainer.elapsed * (1 - done) / max(done, 1e-9))
        if trainer.step % settings["val_every"] == 0:
            progress.write_validation(trainer.step, trainer.validate())
        if stop.signal is not None:
            trainer.save()
            return False
        if time.monotonic() - saved > 60 * settings["save_minutes"]:
            trainer.save()
            saved = time.monotonic()
    trainer.save()
    return True


def start(options):
    """Everything up to the first step: (trainer, progress). Raises DataError or ValueError."""
    import torch
    from data import check_classes, read_description
    from report import Progress, drop_after
    from trainer import Trainer

    runtime.check_blas()
    torch.set_num_threads(options.threads)
    device = options.device if options.device != "auto" else "cuda" if torch.cuda.is_available() else "cpu"
    config = read_config(options.config, options.tasks and options.tasks.split(","))
    precision = runtime.choose_precision(options.precision, device)
    settings = settings_of(options, config, device, precision)
    for folder in settings["data"] + ([settings["val"]] if settings["val"] else []):
        check_classes(config, read_description(folder), folder)
    Path(options.run_dir).mkdir(parents=True, exist_ok=True)
    trainer = Trainer(config, settings, print)
    drop_after(Path(options.run_dir) / "log.jsonl", trainer.step)
    weights = sum(parameter.numel() for parameter in trainer.model.parameters())
    print(f"{config['name']}: tasks {', '.join(settings['tasks'])}; {weights / 1e6:.1f} M weights; {len(trainer.training)} "
          f"pictures to train on, {len(trainer.validation)} to validate; {precision} on {device}, torch "
          f"{torch.__version__}, {options.threads} threads; from step {trainer.step}", flush=True)
    hint = runtime.blas_hint()
    if hint:
        print(hint, flush=True)
    return trainer, Progress(options.run_dir, options.log_every)


def main():
    options = make_parser().parse_args()
    options.threads = runtime.prepare(options.threads)
    try:
        import torch  # noqa: F401
    except ImportError as error:
        print(f"train: {error}; install Debian's python3-torch and start with /usr/bin/python3", file=sys.stderr)
        return 1
    from export import export
    from report import draw_curves

    stop = Stop()
    try:
        trainer, progress = start(options)
        finished = run(trainer, progress, stop)
        if not finished:
            print(f"stopped after step {trainer.step}, state saved; the same command goes on from there", flush=True)
            return 128 + stop.signal
        progress.write_validation(trainer.step, trainer.validate())
        sentence = draw_curves(options.run_dir)
        if sentence:
            print(sentence)
        export(options.run_dir, options.export_dtype)
    except (DataError, ValueError) as error:
        print(f"train: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
