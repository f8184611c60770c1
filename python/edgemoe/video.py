"""Frames of videos and cameras as arrays."""

from __future__ import annotations

import os
from types import TracebackType
from typing import Any, Iterator, NamedTuple

import numpy as np
from numpy.typing import NDArray

from edgemoe import _core
from edgemoe.errors import InvalidArgumentError
from edgemoe.named_files import find_clip

__all__ = ["Frame", "VideoReader", "video_supported"]


class Frame(NamedTuple):
    """One frame of a video."""

    picture: NDArray[np.uint8]
    """(height, width, 3), upright, RGB; the library's own memory, which may be kept and changed."""
    number: int
    """Of the frames that were read, from 0."""
    time: float
    """Seconds since the first frame; always later than the frame before."""


class VideoReader:
    """A video file or a camera as an iterator of its frames.

        with edgemoe.VideoReader("street.mp4") as video:
            for frame in video:
                maps = model.run(frame.picture, ["depth"])

    Frames that are damaged are passed over and counted. A frame may have another size than the one before. The interpreter's
    lock is not held while a frame is decoded; threads may share a reader, and each frame goes to one of them.
    """

    def __init__(self, source: str | os.PathLike[str], *, loop: bool = False, camera_size: str = "",
                 camera_frame_rate: float = 0.0) -> None:
        """Open `source` (a file, a camera such as "/dev/video0", or the name of a clip that came with edgemoe: "drive").

        loop: a file begins again when it ends, times going on. camera_size ("1280x720"), camera_frame_rate: empty and 0 leave
        the choice to the driver. Raises NotFoundError, MalformedError, UnsupportedError (no decoder for it; a build without
        FFmpeg), TooLargeError, IoError, InvalidArgumentError (a camera cannot loop).
        """
        self._video: _core.VideoReader | None = _core.VideoReader(os.fspath(find_clip(source)), loop, camera_size,
                                                                  float(camera_frame_rate))
        info = self._video.info
        self.width: int = info.width
        """Of the first frame, upright. What the container does not say of the rest is 0."""
        self.height: int = info.height
        self.frame_rate: float = info.frame_rate
        """Average, frames a second."""
        self.duration: float = info.duration_s
        """Seconds of one pass."""
        self.num_frames: int = info.num_frames
        """Of one pass; an estimate where the container holds no count."""
        self.container: str = info.container
        self.codec: str = info.codec
        self.live: bool = info.live
        """A camera: frames that nobody reads in time are lost."""

    def _open(self) -> _core.VideoReader:
        if self._video is None:
            raise InvalidArgumentError("the video is closed; open it again")
        return self._video

    def read(self) -> Frame | None:
        """The next frame; None at the end. Raises IoError when a camera fails."""
        frame = self._open().read()
        return None if frame is None else Frame(*frame)

    @property
    def num_damaged(self) -> int:
        """Frames passed over so far because they were damaged."""
        return self._open().num_damaged

    def interrupt(self) -> None:
        """From any thread: a read that waits, and all later ones, return None."""
        self._open().interrupt()

    def close(self) -> None:
        """Let go of the file or the camera. Twice does no harm."""
        video, self._video = self._video, None
        if video is not None:
            video.interrupt()

    def __iter__(self) -> Iterator[Frame]:
        return self

    def __next__(self) -> Frame:
        frame = self.read()
        if frame is None:
            raise StopIteration
        return frame

    def __enter__(self) -> VideoReader:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<edgemoe.VideoReader {self.width}x{self.height} {self.codec}{' closed' if self._video is None else ''}>"

    def __reduce__(self) -> Any:
        raise TypeError("a VideoReader cannot be pickled: open the source in the process that reads it")


def video_supported() -> bool:
    """Whether the library was built with FFmpeg, which reads the videos."""
    return _core.video_supported()
