"""Runs a model on one picture, and tells and shows what its maps say:  run_picture.py street.jpg [MODEL] [FOLDER]"""
import sys
from pathlib import Path

import numpy as np

import edgemoe


def main(picture, model="edgemoe-street", folder="."):
    network = edgemoe.load(model)
    print(network)
    maps = network.run(picture)
    for task, values in maps.items():
        preview = Path(folder) / f"{task}.png"
        network.write_preview(task, values, preview)
        about = network.tasks[task]
        if about.class_names:
            share = np.bincount(values.ravel(), minlength=about.outputs) / values.size
            told = ", ".join(f"{about.class_names[i]} {share[i]:.0%}" for i in np.argsort(-share)[:3])
        elif task == "depth":
            told = f"{values.min():.1f} to {values.max():.1f} {about.unit}".strip()
        else:
            told = f"{values.dtype} {values.shape}"
        print(f"{task}: {told}; see {preview}")


if __name__ == "__main__":
    if not 2 <= len(sys.argv) <= 4:
        sys.exit(__doc__)
    try:
        main(*sys.argv[1:])
    except edgemoe.Error as error:
        sys.exit(str(error))
