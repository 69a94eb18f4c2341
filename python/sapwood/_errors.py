"""The exceptions of the package. Each is also the standard exception of the same case."""

from . import _core


class Error(Exception):
    """The base of all that Sapwood raises itself."""


class CorruptError(Error):
    """Bytes of a file break an invariant; the message names the page. `sapwood check` tells all, `sapwood repair` saves what is left."""


class NotADatabaseError(Error, ValueError):
    """The file is not ours."""


class NewerFormatError(Error):
    """The file needs a newer version of the package."""


class DiskError(Error, OSError):
    """The operating system failed a read, write or sync."""


class DiskFullError(DiskError):
    """No space left; nothing was changed."""


class OutOfMemoryError(Error, MemoryError):
    """A mapping or buffer could not be had; nothing was changed."""


class NotFoundError(Error, LookupError):
    """A collection, a snapshot or a file does not exist."""

    def __str__(self) -> str:  # KeyError would show its argument's repr
        return Exception.__str__(self)


class MissingFileError(NotFoundError, FileNotFoundError):
    """The file to open does not exist."""


class ExistsError(Error):
    """The thing to create exists already."""


class ExistingFileError(ExistsError, FileExistsError):
    """The file to create is there already."""


class InUseError(Error, OSError):
    """Another process, or a transaction or iterator of this one, has the file."""


class ReadOnlyError(Error, PermissionError):
    """A write was asked of something opened for reading."""


class WrongTypeError(Error, TypeError):
    """A collection is of another kind or of other types."""


class RangeError(Error, IndexError):
    """A position past the end."""


class InvalidArgumentError(Error, ValueError):
    """An argument that no state of the database would accept."""


class TooLongError(Error, ValueError):
    """A key or value past its limit."""


class LimitError(Error, RuntimeError):
    """A documented limit is reached."""


class ClosedError(Error, ValueError):
    """A handle or iterator was used after its transaction, or after close."""


class PoisonedError(Error, RuntimeError):
    """A write failed half way in this transaction: only rollback is left."""


class WritesRefusedError(Error, OSError):
    """A sync failed earlier: nothing is written until the file is opened again."""


class WouldDeadlockError(Error, RuntimeError):
    """This thread's own open write transaction would wait for itself: use the handles of the transaction."""


class TimedOutError(Error, TimeoutError):
    """A time limit passed; the message names who was in the way."""


class CancelledError(Error):
    """A progress callback asked to stop."""


for _error in [found for name, found in globals().items() if name.endswith("Error")]:
    _error.__module__ = "sapwood"  # as tracebacks name them


_core.set_error_classes(
    {
        "corrupt": CorruptError,
        "not_a_database": NotADatabaseError,
        "newer_format": NewerFormatError,
        "io": DiskError,
        "disk_full": DiskFullError,
        "out_of_memory": OutOfMemoryError,
        "not_found": NotFoundError,
        "exists": ExistsError,
        "in_use": InUseError,
        "read_only": ReadOnlyError,
        "wrong_type": WrongTypeError,
        "out_of_range": RangeError,
        "invalid_argument": InvalidArgumentError,
        "too_long": TooLongError,
        "limit": LimitError,
        "ended": ClosedError,
        "poisoned": PoisonedError,
        "writes_refused": WritesRefusedError,
        "would_deadlock": WouldDeadlockError,
        "timed_out": TimedOutError,
        "cancelled": CancelledError,
    }
)
