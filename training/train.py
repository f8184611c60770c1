#!/usr/bin/env python3
"""Trains an M³ViT that edgemoe runs. `train.py --help` shows how; README.md beside this file tells more."""
import os
import signal
import sys
import time
from pathlib import Path

import runtime
from configuration import read_config
from layout import DataError, UsageError
from options import make_parser, settings_of
from workers import Followers, Workers, follow_to_the_end, is_follower, leave_word


class Stop:
    """While it is entered, the first SIGINT or SIGTERM is noted, and the run ends after the step that it is in. A second
    one ends the process at once, as any one does outside: what is on the disk is whole at all times."""

    def __init__(self):
        self.signal = None

    def __enter__(self):
        self.handle(self.note)
        return self

    def __exit__(self, *_error):
        self.handle(signal.SIG_DFL)

    def note(self, number, _frame):
        self.signal = number
        self.handle(signal.SIG_DFL)

    @staticmethod
    def handle(handler):
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, handler)


def lead(trainer, progress, stop):
    """Steps until the end of the schedule or a signal, and saves."""
    settings, saved = trainer.settings, time.monotonic()
    while True:
        done = trainer.progress()
        go_on, done = trainer.workers.follow(done < 1 and stop.signal is None, done)
        if not go_on:
            trainer.save()
            return
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


def prepare_run(options):
    """Everything but the data and the network: (configuration, settings). Raises DataError."""
    import torch

    if options.device == "cuda" and not torch.cuda.is_available():
        raise UsageError(f"--device cuda: torch {torch.__version__} finds no GPU here; leave --device out, or install a driver "
                         "and a torch that has CUDA")
    device = options.device if options.device != "auto" else "cuda" if torch.cuda.is_available() else "cpu"
    config = read_config(options.config, None if options.tasks is None else options.tasks.split(","))
    settings = settings_of(options, config, device, runtime.choose_precision(options.precision, device))
    if options.batch % options.workers:
        raise UsageError(f"--batch {options.batch} is not a multiple of --workers {options.workers}")
    if options.workers > 1 and device != "cpu":
        raise UsageError("--workers is for CPUs; on a GPU one process trains")
    Path(options.run_dir).mkdir(parents=True, exist_ok=True)
    return config, settings


def say(text):
    print(text, flush=True)


def warn_of_settings(options):
    """What can be meant, but seldom is."""
    if options.steps is not None and options.steps <= options.warmup:
        say(f"warning: --steps {options.steps} with --warmup {options.warmup}: the learning rate is still rising when the run "
            f"ends and never reaches --lr; more steps, or e.g. --warmup {options.steps // 10}, is what is mostly wanted")


def announce(trainer, options):
    import torch
    settings = trainer.settings
    weights = sum(parameter.numel() for parameter in trainer.model.parameters())
    processes = "1 process" if options.workers == 1 else f"{options.workers} worker processes"
    say(f"{trainer.config['name']}: tasks {', '.join(settings['tasks'])}; {weights / 1e6:.1f} M weights; "
        f"{len(trainer.training)} pictures to train on, {len(trainer.validation)} to validate; "
        f"{settings['precision']} on {settings['device']}, torch {torch.__version__}, {processes} of "
        f"{options.threads} threads, OpenBLAS kernels {os.environ.get('OPENBLAS_CORETYPE', 'of its own choice')}; "
        f"from step {trainer.step}")
    hint = runtime.blas_hint()
    if hint:
        say(hint)


def leader(options):
    """The first process's whole run; returns the exit code. Raises DataError or ValueError."""
    from export import export
    from report import Progress, draw_curves, drop_after
    from trainer import Trainer

    config, settings = prepare_run(options)
    warn_of_settings(options)
    # The data is opened, and packed where it must be, before anybody else looks at it.
    trainer = Trainer(config, settings, Workers(1), say)
    followers = Followers(options.workers)
    try:
        trainer.join(Workers(options.workers, followers))
        drop_after(options.run_dir, trainer.step)
        announce(trainer, options)
        progress = Progress(options.run_dir, options.log_every)
        with Stop() as stop:
            lead(trainer, progress, stop)
        if stop.signal is not None:
            say(f"stopped after step {trainer.step}, state saved; the same command goes on from there")
            return 128 + stop.signal
    except RuntimeError as error:
        fault = followers.fault(patience=5)
        if fault:
            raise DataError(fault) from error
        raise
    finally:
        followers.close()
    followers.wait()
    if progress.validated != trainer.step:
        progress.write_validation(trainer.step, trainer.validate())
    export(options.run_dir, options.export_dtype, say)
    sentence = draw_curves(options.run_dir)
    if sentence:
        say(sentence)
    return 0


def follower(options):
    from trainer import Trainer

    try:
        config, settings = prepare_run(options)
        trainer = Trainer(config, settings, Workers(1), say)
        trainer.join(Workers(options.workers))
        follow(trainer)
    except RuntimeError as error:
        raise DataError(error) from error
    return 0


def out_of_memory(error):
    """torch has no type of its own for it on a CPU."""
    return isinstance(error, MemoryError) or "t allocate memory" in str(error) or "out of memory" in str(error)


def main():
    if is_follower():
        follow_to_the_end()
    else:
        Stop.handle(signal.SIG_DFL)
    # Names of files may be no UTF-8.
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")
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
    torch.set_num_threads(options.threads)
    try:
        runtime.check_blas()
        return follower(options) if is_follower() else leader(options)
    except (DataError, ValueError, OSError, RuntimeError, MemoryError) as error:
        if isinstance(error, (RuntimeError, MemoryError)):
            if not out_of_memory(error):
                raise
            error = DataError(f"there was not memory enough ({str(error).splitlines()[0] if str(error) else 'RAM'}); a smaller "
                              "--batch, or --workers 1, needs less")
        if is_follower():
            leave_word(error)
        else:
            print(f"train: {error}", file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1


if __name__ == "__main__":
    sys.exit(main())
