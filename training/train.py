#!/usr/bin/env python3
"""Trains an M³ViT that edgemoe runs. `train.py --help` shows how; README.md beside this file tells more."""
import os
import shutil
import signal
import sys
import time
from pathlib import Path

import runtime
from layout import DataError
from options import make_parser, read_config, settings_of
from workers import Workers, is_follower, start_followers


class Stop:
    """Set by SIGINT and SIGTERM: the run ends after the step it is in. Followers leave that to the first process."""

    def __init__(self):
        self.signal = None
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN if is_follower() else self.note)

    def note(self, number, _frame):
        self.signal = number


def lead(trainer, progress, stop):
    """Steps until the end of the schedule (True) or a signal (False)."""
    settings, saved = trainer.settings, time.monotonic()
    while True:
        done = trainer.progress()
        go_on, done = trainer.workers.follow(done < 1 and stop.signal is None, done)
        if not go_on:
            trainer.save()
            return done >= 1
        before = trainer.step
        losses, rate = trainer.train_step(done)
        progress.add(losses, settings["batch"])
        if progress.due(before):
            done = trainer.progress()
            progress.write(before, rate, trainer.elapsed * (1 - done) / max(done, 1e-9))
        if trainer.step % settings["val_every"] == 0:
            progress.write_validation(trainer.step, trainer.validate())
        if time.monotonic() - saved > 60 * settings["save_minutes"]:
            trainer.save()
            saved = time.monotonic()


def follow(trainer):
    """The other processes' loop: the first one says when to step and when to end."""
    while True:
        go_on, done = trainer.workers.follow(True, 0.0)
        if not go_on:
            return
        trainer.train_step(done)


def first_exit_code(processes, patience=5):
    """The first exit code other than 0, or None. The line to a process breaks a moment before it is seen to be gone."""
    until = time.monotonic() + patience
    while True:
        codes = [process.poll() for process in processes]
        if any(codes) or not processes or time.monotonic() > until:
            return next(filter(None, codes), None)
        time.sleep(0.05)


def prepare_run(options):
    """Everything but the data and the network: (configuration, settings). Raises DataError."""
    import torch
    from dataset_json import check_classes, read_description

    device = options.device if options.device != "auto" else "cuda" if torch.cuda.is_available() else "cpu"
    config = read_config(options.config, options.tasks and options.tasks.split(","))
    settings = settings_of(options, config, device, runtime.choose_precision(options.precision, device))
    if options.batch % options.workers:
        raise DataError(f"--batch {options.batch} is not a multiple of --workers {options.workers}")
    if options.workers > 1 and device != "cpu":
        raise DataError("--workers is for CPUs; on a GPU one process trains")
    for folder in settings["data"] + ([settings["val"]] if settings["val"] else []):
        check_classes(config, read_description(folder), folder)
    Path(options.run_dir).mkdir(parents=True, exist_ok=True)
    return config, settings


def announce(trainer, options):
    import torch
    settings = trainer.settings
    weights = sum(parameter.numel() for parameter in trainer.model.parameters())
    print(f"{trainer.config['name']}: tasks {', '.join(settings['tasks'])}; {weights / 1e6:.1f} M weights; "
          f"{len(trainer.training)} pictures to train on, {len(trainer.validation)} to validate; {settings['precision']} on "
          f"{settings['device']}, torch {torch.__version__}, {options.workers} workers of {options.threads} threads, "
          f"OpenBLAS kernels {os.environ.get('OPENBLAS_CORETYPE', 'of its own choice')}; from step {trainer.step}", flush=True)
    hint = runtime.blas_hint()
    if hint:
        print(hint, flush=True)


def leader(options):
    """The first process's whole run; returns the exit code. Raises DataError or ValueError."""
    from export import export
    from report import Progress, draw_curves, drop_after
    from trainer import Trainer

    stop = Stop()
    config, settings = prepare_run(options)
    # The data is opened, and packed where it must be, before anybody else looks at it.
    trainer = Trainer(config, settings, Workers(1), print)
    followers, folder = start_followers(options.workers)
    try:
        trainer.join(Workers(options.workers, f"{folder}/meeting"))
        drop_after(options.run_dir, trainer.step)
        announce(trainer, options)
        progress = Progress(options.run_dir, options.log_every)
        if not lead(trainer, progress, stop):
            print(f"stopped after step {trainer.step}, state saved; the same command goes on from there", flush=True)
            return 128 + stop.signal
    except RuntimeError as error:
        code = first_exit_code(followers)
        if code:
            raise DataError(f"a worker process ended with exit code {code} (-9: there was not memory "
                            f"enough): the same command goes on from the last state, --workers 1 needs less") from error
        raise
    finally:
        # They end by themselves: told to, or because the first process no longer answers.
        shutil.rmtree(folder, ignore_errors=True)
    for process in followers:
        process.wait()
    if progress.validated != trainer.step:
        progress.write_validation(trainer.step, trainer.validate())
    export(options.run_dir, options.export_dtype)
    sentence = draw_curves(options.run_dir)
    if sentence:
        print(sentence)
    return 0


def follower(options):
    from trainer import Trainer

    Stop()
    config, settings = prepare_run(options)
    trainer = Trainer(config, settings, Workers(1), print)
    trainer.join(Workers(options.workers))
    try:
        follow(trainer)
    except RuntimeError:
        return 1  # The first process is gone; it has said why.
    return 0


def main():
    options = make_parser().parse_args()
    if options.workers is None:
        options.workers = 1 if options.device == "cuda" or options.batch % 2 else min(2, len(os.sched_getaffinity(0)))
    options.threads = runtime.prepare(options.threads, options.workers)
    try:
        import torch
    except ImportError as error:
        print(f"train: {error}; install Debian's python3-torch and start with /usr/bin/python3", file=sys.stderr)
        return 1
    if options.device == "auto" and torch.cuda.is_available():
        options.workers = 1
    runtime.check_blas()
    torch.set_num_threads(options.threads)
    try:
        return follower(options) if is_follower() else leader(options)
    except (DataError, ValueError) as error:
        if not is_follower():
            print(f"train: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
