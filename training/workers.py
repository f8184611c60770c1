"""Several processes that train one model, each on its share of every batch.

On a CPU two processes of one thread each are as fast as one of two threads, and far faster where other programs run:
threads meet a thousand times a step, and wait for the one that was put aside; processes meet twice.
"""
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from layout import DataError

RANK, FOLDER, LEADER = "EDGEMOE_TRAINING_RANK", "EDGEMOE_TRAINING_FOLDER", "EDGEMOE_TRAINING_LEADER"
# A process joins when it has read the data, which the first one has packed before.
JOINING = timedelta(minutes=10)
# The others wait that long while the first process validates and saves. One that dies breaks its line at once.
WORKING = timedelta(days=1)


def is_follower():
    """Whether this process was started by another's Followers."""
    return RANK in os.environ


def meeting_folder():
    return Path(os.environ[FOLDER])


def follow_to_the_end():
    """Makes this process deaf to the signals that the first one ends by, and end with it, however that ends (Linux)."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    set_parent_death_signal = 1
    try:
        ctypes.CDLL(None).prctl(set_parent_death_signal, ctypes.c_ulong(signal.SIGKILL))
    except AttributeError:
        return
    if os.getppid() != int(os.environ[LEADER]):
        sys.exit(1)  # It ended before this process could ask to be told.


def leave_word(error):
    """Tells the first process, which speaks for all, why this one ends."""
    try:
        (meeting_folder() / f"error-{os.environ[RANK]}").write_text(str(error))
    except OSError:
        return  # The first process is gone; it has said why.


class Followers:
    """The other processes of a run: this very command, started `count` - 1 more times; and the folder where all meet."""

    def __init__(self, count):
        self.folder = Path(tempfile.mkdtemp(prefix="edgemoe-training-"))
        self.processes = [
            subprocess.Popen([sys.executable, *sys.argv], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                             env=dict(os.environ, **{RANK: str(rank), FOLDER: str(self.folder), LEADER: str(os.getpid())}))
            for rank in range(1, count)]

    def fault(self, patience=0.0):
        """A sentence about a process that has failed, or None. It is looked for as long as `patience` (seconds): a line
        breaks a moment before its process is seen to be gone."""
        until = time.monotonic() + patience
        while True:
            for rank, process in enumerate(self.processes, 1):
                if process.poll():
                    return self.describe(rank, process.returncode)
            if not self.processes or time.monotonic() >= until:
                return None
            time.sleep(0.05)

    def describe(self, rank, code):
        word = self.folder / f"error-{rank}"
        reason = (word.read_text() if word.is_file() else
                  "there was not memory enough; --workers 1 needs less" if code == -signal.SIGKILL else
                  "the lines above say why")
        return f"a worker process ended with exit code {code}: {reason}; the same command goes on from the last state"

    def await_all(self, seconds):
        """Returns when every process has come to the meeting. Raises DataError where one has ended or does not come."""
        until = time.monotonic() + seconds
        waited_for = dict(enumerate(self.processes, 1))
        while waited_for:
            for rank, process in list(waited_for.items()):
                if (self.folder / f"came-{rank}").exists():
                    del waited_for[rank]
                elif process.poll() is not None:
                    raise DataError(self.describe(rank, process.returncode))
            if time.monotonic() > until:
                raise DataError(f"worker process {min(waited_for)} did not begin within {seconds:.0f} s: --workers 1 "
                                "does without it")
            time.sleep(0.02)

    def wait(self):
        for process in self.processes:
            process.wait()

    def close(self):
        """Processes that still run end with this one."""
        shutil.rmtree(self.folder, ignore_errors=True)


class Workers:
    """The processes of a run. Rank 0 leads: it decides, saves, validates and speaks. One process alone meets nobody."""

    def __init__(self, count, followers=None):
        """`followers`: of rank 0 where `count` > 1. Raises DataError or RuntimeError where not all come together."""
        self.count, self.rank = count, int(os.environ.get(RANK, 0))
        if count == 1:
            return
        import torch.distributed
        folder = followers.folder if followers else meeting_folder()
        if followers:
            followers.await_all(JOINING.total_seconds())
        else:
            (folder / f"came-{self.rank}").touch()
        torch.distributed.init_process_group("gloo", init_method=f"file://{folder}/meeting", rank=self.rank,
                                             world_size=count, timeout=JOINING)
        self.group = torch.distributed.new_group(timeout=WORKING)

    def follow(self, go_on, progress):
        """(go on, progress) as rank 0 has them; what the others pass is not looked at."""
        if self.count == 1:
            return go_on, progress
        import torch
        values = torch.tensor([float(go_on), progress], dtype=torch.float64)
        torch.distributed.broadcast(values, 0, group=self.group)
        return bool(values[0]), float(values[1])

    def average(self, tensors):
        """Replaces each tensor by its mean over the processes; the same values everywhere, bit for bit."""
        self.add(tensors)
        for tensor in tensors if self.count > 1 else ():
            tensor /= self.count

    def add(self, tensors):
        """Replaces each tensor by its sum over the processes; the same values everywhere, bit for bit."""
        if self.count == 1:
            return
        import torch
        joined = torch.cat([tensor.reshape(-1) for tensor in tensors])
        torch.distributed.all_reduce(joined, group=self.group)
        for tensor, summed in zip(tensors, joined.split([tensor.numel() for tensor in tensors])):
            tensor.copy_(summed.view_as(tensor))
