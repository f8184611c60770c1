"""Layout "files": a folder of pictures with label, depth and normals files, packed once into arrays of the network's
size.

images/NAME.{jpg,jpeg,png}; labels/NAME.png 8-bit index, 255 = ignore; depth/NAME.png 16-bit grey, metres·256, 0 = none;
normals/NAME.png 8-bit RGB round(127.5 (n + 1)), (0,0,0) = none. A folder that is not there is a task that is not there.
"""
import hashlib
import json
import os
import shutil
import time
from pathlib import Path

import numpy as np

from data import ArrayData
from dataset_json import check_extents, read_description
from layout import ARRAYS, DataError
from pictures import check_headers, read_image, read_truth
from report import duration

SUFFIXES = (".jpg", ".jpeg", ".png")
# To be raised when the arrays of the same files come out otherwise: older ones are then not opened any more.
PACKED_FORMAT = 2
SAY_EVERY = 5.0  # seconds, while packing


def file_table(folder, tasks):
    """[(image path, {task: path})] by name; a picture without one of its files is an error, and so are two pictures for
    one file."""
    images = folder / "images"
    if not images.is_dir():
        raise DataError(f"{folder}: neither dataset.json nor a folder images/: not a data set")
    table, stems = [], set()
    for path in sorted(images.iterdir()):
        if path.suffix.lower() not in SUFFIXES or path.name.startswith("."):
            continue
        if path.stem in stems:
            raise DataError(f"{images}: two pictures are named {path.stem}; which of them is the ground truth for?")
        stems.add(path.stem)
        truth = {task: folder / ARRAYS[task][0] / f"{path.stem}.png" for task in tasks}
        for task, other in truth.items():
            if not other.is_file():
                raise DataError(f"{other}: missing; {path.name} needs it for {task}; leave the task out with --tasks "
                                "or the picture out of images/")
        table.append((path, truth))
    if not table:
        raise DataError(f"{images}: no .jpg or .png in it")
    return table


def remove_leftovers(cache):
    """Folders of processes that were killed while they packed; their names end in the process's number."""
    for making in Path(cache).glob("*.making-*"):
        try:
            os.kill(int(making.name.rpartition("-")[2]), 0)
        except ProcessLookupError:
            shutil.rmtree(making, ignore_errors=True)
        except (ValueError, OverflowError, PermissionError):
            continue


def create_array(path, dtype, shape):
    """A mapped .npy that has all its room on the disk: a full disk is an OSError here, no SIGBUS at a later write."""
    array = np.lib.format.open_memmap(path, "w+", dtype, shape)
    with path.open("r+b") as file:
        os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
    return array


class FileSet:
    """The files of a folder for some tasks, whose names, headers and sizes are in order; pixels are looked at by open()."""

    def __init__(self, folder, tasks, config, cache):
        self.folder, self.tasks, self.config = Path(folder), tasks, config
        self.size = (config["input"]["height"], config["input"]["width"])
        description, self.table = read_description(folder), file_table(self.folder, tasks)
        self.ignore = description.ignore
        check_extents(description, folder, len(self.table))
        states = [(str(path.resolve()), path.stat().st_size, path.stat().st_mtime_ns)
                  for image, truth in self.table for path in (image, *truth.values())]
        made_from = [PACKED_FORMAT, states, self.size, config["input"]["resize"], list(tasks), self.ignore]
        self.packed = Path(cache) / hashlib.sha256(json.dumps(made_from).encode()).hexdigest()[:16]
        if not self.packed.is_dir():
            for image, truth in self.table:
                check_headers(image, truth)

    def __len__(self):
        return len(self.table)

    def open(self, say):
        """The packed arrays in the cache, packed first unless that was done of these very files."""
        if not self.packed.is_dir():
            self.pack(say)
        return ArrayData.open(self.packed, self.tasks, self.size)

    def pack(self, say):
        say(f"packing {len(self)} pictures of {self.folder} into {self.packed}, once")
        remove_leftovers(self.packed.parent)
        making = self.packed.with_name(f"{self.packed.name}.making-{os.getpid()}")
        try:
            making.mkdir(parents=True)
            self.fill_arrays(making, say)
            making.rename(self.packed)
        except OSError as error:
            reason = error.strerror or error
            raise DataError(f"{making}: {reason}: the pictures of {self.folder} cannot be packed there") from error
        finally:
            shutil.rmtree(making, ignore_errors=True)

    def fill_arrays(self, making, say):
        """Writes the arrays of all pictures into the folder `making`."""
        outputs = {task["name"]: task["outputs"] for task in self.config["tasks"]}
        wanted = {"images": ("images", "uint8", 3), **{task: ARRAYS[task] for task in self.tasks}}
        arrays = {name: create_array(making / f"{file}.npy", dtype, (len(self), *self.size, *((3,) if channels == 3 else ())))
                  for name, (file, dtype, channels) in wanted.items()}
        progress = PackingProgress(len(self), say)
        for number, (image, truth) in enumerate(self.table):
            arrays["images"][number], image_size = read_image(image, self.size, self.config["input"]["resize"])
            for task, path in truth.items():
                arrays[task][number] = read_truth(task, path, self.size, image_size, outputs[task], self.ignore)
            progress.done(number + 1)
        for array in arrays.values():
            array.flush()


class PackingProgress:
    """A line every SAY_EVERY seconds."""

    def __init__(self, count, say):
        self.count, self.say = count, say
        self.began = self.told = time.monotonic()

    def done(self, number):
        now = time.monotonic()
        if now - self.told < SAY_EVERY or number == self.count:
            return
        self.told, speed = now, number / (now - self.began)
        self.say(f"packed {number} of {self.count}  {speed:.1f} pictures/s  {duration((self.count - number) / speed)} left")
