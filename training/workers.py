"""Several processes that train one model, each on its share of every batch.

On a CPU two processes of one thread each are as fast as one of two threads, and far faster where other programs run:
threads meet a thousand times a step, and wait for the one that was put aside; processes meet twice.
"""
import os
import subprocess
import sys
import tempfile
from pathlib import Path

RANK, MEETING = "EDGEMOE_TRAINING_RANK", "EDGEMOE_TRAINING_MEETING"


def is_follower():
    """Whether this process was started by another's start_followers()."""
    return RANK in os.environ


def start_followers(count):
    """Starts this very command `count` - 1 more times; returns the processes and the folder in which all meet."""
    folder = tempfile.mkdtemp(prefix="edgemoe-training-")
    meeting = str(Path(folder) / "meeting")
    followers = [subprocess.Popen([sys.executable, *sys.argv], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                  env=dict(os.environ, **{RANK: str(rank), MEETING: meeting}))
                 for rank in range(1, count)]
    return followers, folder


class Workers:
    """The processes of a run. Rank 0 leads: it decides, saves, validates and speaks. One process alone meets nobody."""

    def __init__(self, count, meeting=None):
        self.count, self.rank = count, int(os.environ.get(RANK, 0))
        if count > 1:
            import torch.distributed
            torch.distributed.init_process_group("gloo", init_method=f"file://{meeting or os.environ[MEETING]}",
                                                 rank=self.rank, world_size=count)

    def follow(self, go_on, progress):
        """(go on, progress) as rank 0 has them; what the others pass is not looked at."""
        if self.count == 1:
            return go_on, progress
        import torch
        values = torch.tensor([float(go_on), progress], dtype=torch.float64)
        torch.distributed.broadcast(values, 0)
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
        torch.distributed.all_reduce(joined)
        for tensor, summed in zip(tensors, joined.split([tensor.numel() for tensor in tensors])):
            tensor.copy_(summed.view_as(tensor))
