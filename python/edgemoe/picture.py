"""What people have as a picture, as the array that the library reads: uint8 or uint16, (height, width, 3), RGB."""

from __future__ import annotations

import os
from typing import Any, Union

import numpy as np
from numpy.typing import NDArray

from edgemoe import _core
from edgemoe.errors import TooLargeError

__all__ = ["PictureLike", "as_picture", "decode_picture", "read_picture"]

PictureLike = Union[NDArray[np.uint8], NDArray[np.uint16], "os.PathLike[str]", str, Any]
"""An array (height, width, 3) of uint8 or uint16, a PIL image, or the path of a JPEG or PNG file."""

# The library's own limit, kept here too: before anything is copied.
_MAX_PIXELS = 100_000_000


def read_picture(path: str | os.PathLike[str]) -> NDArray[Any]:
    """Read a JPEG or PNG file upright (EXIF orientation applied) and in RGB.

    Returns an array (height, width, 3) of uint8, or of uint16 for a file of 16 bits. Raises NotFoundError, MalformedError,
    UnsupportedError or TooLargeError (over 100 million pixels), each with the file's name.
    """
    return _core.read_picture(os.fspath(path))


def decode_picture(file: bytes | bytearray | memoryview, max_pixels: int = _MAX_PIXELS) -> NDArray[Any]:
    """The same for a JPEG or PNG in memory. More than `max_pixels` (1 to 100 million) are refused before memory is taken."""
    return _core.decode_picture(file, max_pixels)


def as_picture(picture: Any, bgr: bool = False) -> tuple[NDArray[Any], bool]:
    """The array of a picture, and whether blue comes first in it. An array of bytes stays where it is.

    bgr: that an array has blue first; files and PIL images never do. Raises TypeError or ValueError.
    """
    if isinstance(picture, (str, os.PathLike)):
        return read_picture(picture), False
    if _is_pil(picture):
        return np.asarray(_pil_to_rgb(picture)), False
    array = np.asarray(picture)
    if array.dtype.newbyteorder("=") not in (np.uint8, np.uint16):
        raise TypeError(f"picture: expected an array of uint8 or uint16, found {_type_name(picture, array)}"
                        f"{_type_advice(array)}")
    if array.ndim != 3 or array.shape[2] != 3:
        raise ValueError(f"picture: expected an array of shape (height, width, 3), found {array.shape}"
                         f"{_shape_advice(array)}")
    height, width, _ = array.shape
    if height * width > _MAX_PIXELS:
        raise TooLargeError(f"picture: {width}x{height}; the limit is {_MAX_PIXELS} pixels")
    if array.dtype == np.uint8:
        return array, bgr
    native = array if array.dtype.isnative else array.astype(np.uint16)
    return native[..., ::-1] if bgr else native, False


def _is_pil(picture: Any) -> bool:
    return any(base.__module__ == "PIL.Image" and base.__name__ == "Image" for base in type(picture).__mro__)


def _pil_to_rgb(picture: Any) -> Any:
    if picture.mode == "RGB":
        return picture
    if picture.mode in ("I", "F") or picture.mode.startswith("I;"):
        raise ValueError(f'picture: a PIL image of mode "{picture.mode}" has no 8-bit range that would be known; scale it '
                         "yourself, or read the file by edgemoe.read_picture, which keeps 16 bits")
    return picture.convert("RGB")


def _type_name(picture: Any, array: NDArray[Any]) -> str:
    return str(array.dtype) if array.dtype != object else f"an object of type {type(picture).__name__}"


def _type_advice(array: NDArray[Any]) -> str:
    if array.dtype.kind == "f":
        return "; values in [0, 1] become bytes by (255 * picture).round().astype(numpy.uint8)"
    if array.dtype.kind in "iu":
        return "; if its values are 0 to 255, use picture.astype(numpy.uint8)"
    return "; a path, a PIL image or what numpy.asarray makes an array of are pictures too"


def _shape_advice(array: NDArray[Any]) -> str:
    if array.ndim == 2:
        return "; for a grey picture use numpy.stack([picture] * 3, axis=-1)"
    if array.ndim == 3 and array.shape[2] == 4:
        return "; leave the alpha channel out with picture[..., :3]"
    if array.ndim == 3 and array.shape[2] == 1:
        return "; for a grey picture use numpy.repeat(picture, 3, axis=2)"
    if array.ndim == 3 and array.shape[0] == 3:
        return "; channels come last: numpy.moveaxis(picture, 0, -1)"
    if array.ndim == 4:
        return "; run takes one picture, run_batch takes several"
    return ""
