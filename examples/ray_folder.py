"""Maps a folder of pictures with Ray Data: over several processes of this machine, or over the machines of a Ray cluster.

    pip install "ray[data]"
    python ray_folder.py pictures maps --model edgemoe-street --tasks semseg depth --processes 4 --threads 2

PICTURES is a folder, or whatever else Ray reads (s3://bucket/folder); MAPS is a folder that every machine sees. Of a/b.jpg
there come a/b.jpg_TASK.npy, as `model.run` returns them, and one line of MAPS/index.jsonl: picture, size, files, error. A
picture that cannot be read is told there and does not stop the others. Where a cluster is (RAY_ADDRESS), it is used; edgemoe and
the model have to be on every machine of it.
"""
import argparse
import json
import os
import posixpath
import sys
import tempfile
from pathlib import Path

import numpy as np
import ray

import edgemoe


class Mapper:
    """One process: a model, and what it makes of a batch of files."""

    def __init__(self, options):
        self._model = edgemoe.load(options.model, num_threads=options.threads, number_type=options.number_type,
                                   max_batch=options.batch)
        self._options = options

    def __call__(self, batch):
        pictures, rows = [], []
        for path, file in zip(batch["path"], batch["bytes"]):
            row = {"picture": str(path), "height": 0, "width": 0, "files": [], "error": ""}
            try:
                picture = edgemoe.decode_picture(file)
                row["height"], row["width"] = picture.shape[:2]
                pictures.append((row, picture))
            except edgemoe.Error as error:
                row["error"] = str(error)
            rows.append(row)
        maps = self._model.run_batch([picture for _, picture in pictures], self._options.tasks)
        for (row, _), by_task in zip(pictures, maps):
            row["files"] = [self._write(row["picture"], task, values) for task, values in by_task.items()]
        return {name: [row[name] for row in rows] for name in rows[0]}

    def _write(self, picture, task, values):
        """Path of the map under MAPS; it is there whole or not at all."""
        path = Path(self._options.maps, f"{posixpath.relpath(picture, self._options.root)}_{task}.npy")
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as file:
            np.save(file, values)
        os.replace(file.name, path)
        return str(path.relative_to(self._options.maps))


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pictures", help="folder or URL that Ray reads")
    parser.add_argument("maps", help="folder for the maps, the same on every machine")
    parser.add_argument("--model", default="edgemoe-street", help="name or file (edgemoe-street)")
    parser.add_argument("--tasks", nargs="+", help="names of tasks (all)")
    parser.add_argument("--number-type", default="", choices=["", "float", "int8"], help="what to compute in")
    parser.add_argument("--processes", type=int, default=2, help="processes, each with a model (2)")
    parser.add_argument("--threads", type=int, default=1, help="cores that each process takes (1)")
    parser.add_argument("--batch", type=int, default=4, help="pictures computed together (4)")
    options = parser.parse_args()
    if Path(options.pictures).exists():
        options.pictures = os.path.abspath(options.pictures)
    options.maps = os.path.abspath(options.maps)
    options.root = options.pictures.split("://", 1)[-1]
    return options


def main():
    options = parse_arguments()
    edgemoe.load(options.model).run(np.zeros((1, 1, 3), np.uint8), options.tasks)  # a wrong name is told before the work
    os.makedirs(options.maps, exist_ok=True)
    ray.init()
    cores = ray.cluster_resources().get("CPU", 0)
    if options.processes * options.threads > cores:
        return f"{options.processes} processes of {options.threads} cores: Ray has {cores:g} cores, and would wait for more for ever"
    # Reading takes no core of its own: the processes may have them all.
    files = ray.data.read_binary_files(options.pictures, include_paths=True, file_extensions=["jpg", "jpeg", "png"],
                                       ray_remote_args={"num_cpus": 0})
    rows = files.map_batches(Mapper, fn_constructor_args=(options,), batch_size=options.batch, num_cpus=options.threads,
                             concurrency=options.processes)
    mapped = failed = 0
    index = Path(options.maps, "index.jsonl")
    with tempfile.NamedTemporaryFile("w", dir=options.maps, suffix=".part", delete=False) as lines:
        for row in rows.iter_rows():
            lines.write(json.dumps(row, default=lambda array: array.tolist()) + "\n")
            if row["error"]:
                failed += 1
                print(f"{row['picture']}: {row['error']}", file=sys.stderr)
            else:
                mapped += 1
    os.replace(lines.name, index)
    print(f"{mapped} pictures mapped, {failed} failed; maps in {options.maps}, listed in {index.name}")
    return 1 if failed else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (edgemoe.Error, FileNotFoundError) as error:
        sys.exit(str(error))
