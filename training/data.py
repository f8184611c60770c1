"""Data sets: reading the layout "arrays", and the order in which pictures are drawn.

A data set is a folder with dataset.json. Layout "arrays": images.npy uint8 [N,H,W,3] RGB, labels.npy uint8 [N,H,W],
depth.npy float16 [N,H,W] metres (0 = none), normals.npy int8 [N,H,W,3] round(127 n) ((0,0,0) = none); memory-mapped.
Layout "files" is first packed into such arrays (files.py).
"""
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from layout import ARRAYS, IGNORE, DataError


@dataclass
class ArrayData:
    """Memory-mapped arrays; `arrays` maps "images" and each task to its array; `ignore`: a label that counts as 255."""

    folder: Path
    arrays: dict
    ignore: int = IGNORE

    def __len__(self):
        return len(self.arrays["images"])

    @staticmethod
    def open(folder, tasks, size, ignore=IGNORE):
        """Raises DataError where a file is missing, of another type or size. `size` is (height, width)."""
        folder, arrays = Path(folder), {}
        wanted = {"images": ("images", "uint8", 3)}
        wanted.update((task, ARRAYS[task]) for task in tasks)
        for task, (name, dtype, channels) in wanted.items():
            path = folder / f"{name}.npy"
            if not path.is_file():
                raise DataError(f"{path}: missing, and needed for {task}; leave the task out with --tasks")
            try:
                array = np.load(path, mmap_mode="r")
            except (ValueError, EOFError, OSError) as error:
                raise DataError(f"{path}: not an array that can be mapped: {error}") from error
            shape = size + ((3,) if channels == 3 else ())
            if array.dtype != dtype or array.shape[1:] != shape:
                raise DataError(f"{path}: {array.dtype} {list(array.shape)}; expected {np.dtype(dtype)} "
                                f"[N, {', '.join(map(str, shape))}]")
            arrays[task] = array
        counts = {name: len(array) for name, array in arrays.items()}
        if len(set(counts.values())) != 1 or counts["images"] == 0:
            raise DataError(f"{folder}: numbers of pictures differ, or are 0: {counts}")
        return ArrayData(folder, arrays, ignore)

    def read(self, index):
        """Tensors of the pictures `index`: images uint8 [n,3,H,W], semseg uint8, depth float32 [n,H,W], normals
        float32 [n,3,H,W] of length 1 or (0,0,0)."""
        batch = {"images": torch.from_numpy(self.arrays["images"][index]).permute(0, 3, 1, 2)}
        if "semseg" in self.arrays:
            labels = self.arrays["semseg"][index]
            batch["semseg"] = torch.from_numpy(np.where(labels == self.ignore, np.uint8(IGNORE), labels))
        if "depth" in self.arrays:
            depth = self.arrays["depth"][index].astype(np.float32)
            batch["depth"] = torch.from_numpy(np.where(np.isfinite(depth) & (depth > 0), depth, np.float32(0)))
        if "normals" in self.arrays:
            normals = torch.from_numpy(self.arrays["normals"][index]).permute(0, 3, 1, 2).float()
            batch["normals"] = normals / normals.norm(dim=1, keepdim=True).clamp_min(1e-6)
        return batch


def has_truth(batch, task):
    """Whether any pixel of a batch, as read() gives it, says something about the task."""
    return bool((batch[task] != IGNORE).any() if task == "semseg" else batch[task].any())


class Split:
    """Some pictures of several data sets, as one numbered list."""

    def __init__(self, subsets):
        self.subsets = [(data, np.asarray(index)) for data, index in subsets]
        self.ends = np.cumsum([len(index) for _, index in self.subsets])

    def __len__(self):
        return int(self.ends[-1])

    def read(self, numbers):
        numbers = np.asarray(numbers)
        subset_of = np.searchsorted(self.ends, numbers, side="right")
        batches = []
        for subset in np.unique(subset_of):
            data, index = self.subsets[subset]
            begin = self.ends[subset] - len(index)
            # Rising indices read the mapped file forwards.
            batches.append(data.read(np.sort(index[numbers[subset_of == subset] - begin])))
        return {name: torch.cat([batch[name] for batch in batches]) for name in batches[0]}


def check_truth(split, tasks, folders, at_once=50):
    """Raises DataError, which names the folders, where no picture of a split says anything about one of the tasks. Reads as
    far as it must."""
    missing = set(tasks)
    for begin in range(0, len(split), at_once):
        if not missing:
            return
        batch = split.read(np.arange(begin, min(begin + at_once, len(split))))
        missing = {task for task in missing if not has_truth(batch, task)}
    for task in sorted(missing):
        found = {"semseg": "every label is one that is ignored", "depth": "the depth is 0 (none) everywhere",
                 "normals": "the normal is (0, 0, 0) (none) everywhere"}[task]
        raise DataError(f"{', '.join(map(str, folders))}: {found} in the {len(split)} pictures to train on: there is nothing "
                        f"to learn for {task}; mend the files or choose other tasks with --tasks")


def hold_out(data_sets, fraction, seed):
    """(training, validation): a share of each data set drawn with the seed; at least one picture, if there are two.
    Only the length of a data set and its folder are looked at."""
    training, validation = [], []
    for number, data in enumerate(data_sets):
        order = np.random.default_rng([seed, number]).permutation(len(data))
        count = min(max(1, round(fraction * len(data))), len(data) - 1)
        if count == 0:
            raise DataError(f"{data.folder}: one picture cannot be divided; give validation pictures with --val")
        validation.append((data, np.sort(order[:count])))
        training.append((data, np.sort(order[count:])))
    return Split(training), Split(validation)


def everything(data_sets):
    return Split([(data, np.arange(len(data))) for data in data_sets])


class Order:
    """Which pictures step s sees: epochs of a seeded shuffle, so that it follows from (seed, step) alone."""

    def __init__(self, count, batch, seed):
        self.count, self.batch, self.seed = count, batch, seed
        self.epoch, self.shuffled = -1, None

    def __call__(self, step):
        numbers = []
        for position in range(step * self.batch, (step + 1) * self.batch):
            epoch, place = divmod(position, self.count)
            if epoch != self.epoch:
                self.epoch = epoch
                self.shuffled = np.random.default_rng([self.seed, epoch]).permutation(self.count)
            numbers.append(self.shuffled[place])
        return np.array(numbers)
