"""Files that are there whole or not at all."""
import os
from pathlib import Path


def write_atomically(path, write):
    """`write` fills an open binary file, which lies under a temporary name, is forced to the disk and then renamed."""
    path = Path(path)
    making = path.with_name(f"{path.name}.making")
    try:
        with making.open("wb") as file:
            write(file)
            file.flush()
            os.fsync(file.fileno())
        making.replace(path)
    finally:
        making.unlink(missing_ok=True)


def write_text_atomically(path, text):
    write_atomically(path, lambda file: file.write(text.encode()))
