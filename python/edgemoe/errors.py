"""What edgemoe raises: one class a kind of fault, each of them also the built-in exception that Python programs expect there.

Every message says what was expected, what was found, and what to do next.
"""

__all__ = ["Error", "InvalidArgumentError", "NotFoundError", "MalformedError", "MismatchError", "UnsupportedError",
           "TooLargeError", "IoError", "InternalError"]


class Error(Exception):
    """Any fault that the library reports."""

    code: str = "unknown"
    """Name of the kind of fault, as in the C++ library and in the tool's JSON."""


class InvalidArgumentError(Error, ValueError):
    """Something was asked for that cannot be: an unknown task, a bad size, a name that there is not."""

    code = "invalid_argument"


class NotFoundError(Error, FileNotFoundError):
    """A file or tensor is not there."""

    code = "not_found"


class MalformedError(Error, ValueError):
    """A file's content breaks its own format."""

    code = "malformed"


class MismatchError(Error, ValueError):
    """Two things that must agree do not: shapes, names, sizes."""

    code = "mismatch"


class UnsupportedError(Error, NotImplementedError):
    """Well-formed, but nothing that edgemoe or this machine does."""

    code = "unsupported"


class TooLargeError(Error, MemoryError):
    """Over a stated limit, and refused before memory was taken; or memory ended."""

    code = "too_large"


class IoError(Error, OSError):
    """The operating system refused to open, read, write or map a file."""

    code = "io"


class InternalError(Error, RuntimeError):
    """A fault of edgemoe itself."""

    code = "internal"


_CLASSES = {error.code: error for error in (InvalidArgumentError, NotFoundError, MalformedError, MismatchError,
                                            UnsupportedError, TooLargeError, IoError, InternalError)}


def from_code(code: str, message: str) -> Error:
    """The exception for a status of the C++ library."""
    return _CLASSES.get(code, InternalError)(message)
