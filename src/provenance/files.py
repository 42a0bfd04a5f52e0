"""Files that are whole or not there, sealed and checked before they are read."""

from __future__ import annotations

import errno
import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeAlias

# Whatever names a file.
FilePath: TypeAlias = str | os.PathLike[str]
# Before the SHA-256 of all that precedes it, at the end of a sealed file.
SEAL = b"\nSHA-256:"
# How an HDF5 file begins, and bytes of it that hold where it ends.
HDF5, SUPERBLOCK = b"\x89HDF\r\n\x1a\n", 52
# Deflate, which all our formats compress by, shrinks nothing by more than this.
MOST_SHRINKAGE = 1032


@contextmanager
def atomic_output(path: FilePath, seal: bool = False) -> Iterator[Path]:
    """Give a temporary name beside `path`; rename it to `path` on success, remove it on failure.

    A reader thus sees the whole file or none. The suffix is kept, because writers choose a format by it.

    Parameters
    ----------
    path
        Of the file.
    seal
        Whether to append a checksum for `check_seal`. Readers of HDF5 ignore what follows the end that a file
        states, and writers cut it off: a file changed on purpose has no seal.

    Raises
    ------
    OSError
        If the disk is full; the message names `path`, whatever the writer said.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.stem}-", suffix=path.suffix, dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        if seal:
            digest = _sha256(temporary)
            with open(temporary, "ab") as file:
                file.write(SEAL + digest)
        # mkstemp makes private files; results are to be as readable as any other new file.
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(0o666 & ~mask)
        temporary.replace(path)
    except (OSError, RuntimeError) as error:
        full = os.strerror(errno.ENOSPC)
        if full in str(error):
            raise OSError(errno.ENOSPC, full, str(path)) from error
        raise
    finally:
        temporary.unlink(missing_ok=True)


def check_seal(path: FilePath) -> None:
    """Raise ValueError if a file is not as it was when `atomic_output` sealed it.

    HDF5 has no checksum over texts of variable length: over damaged ones it crashes, or runs for ever. A file
    without a seal passes if it ends where its header says: its writer cut the seal off, no damage did.
    """
    size = os.path.getsize(path)
    whole = size - len(SEAL) - hashlib.sha256().digest_size
    if whole < 0:
        return
    with open(path, "rb") as file:
        stated = _stated_end(file.read(SUPERBLOCK))
        file.seek(whole)
        mark, expected = file.read(len(SEAL)), file.read()
    if mark == SEAL and _sha256(path, whole) != expected:
        raise ValueError("it is damaged: its content does not agree with its checksum")
    if mark != SEAL and stated not in (None, size):
        raise ValueError(f"it is damaged: it has {size} bytes, its header says {stated}")


def _stated_end(header: bytes) -> int | None:
    """Where an HDF5 file ends as its superblock says (format specification, II.A); None of other files."""
    if not header.startswith(HDF5) or len(header) < SUPERBLOCK:
        return None
    # The third address of the superblock, which stands further behind in versions 0 and 1.
    version = header[len(HDF5)]
    place, width = {0: (40, header[13]), 1: (44, header[13])}.get(version, (28, header[9]))
    if width != 8 or place + width > len(header):
        return None
    return int.from_bytes(header[place : place + width], "little")


def _sha256(path: FilePath, size: int | None = None) -> bytes:
    """Checksum of a file, or of its first bytes."""
    left = os.path.getsize(path) if size is None else size
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(min(left, 2**20)):
            digest.update(block)
            left -= len(block)
    return digest.digest()


def check_declared(path: FilePath, declared: int) -> None:
    """Raise ValueError if a file claims to hold more bytes than it can: before memory is asked for them.

    Parameters
    ----------
    path
        Of the file.
    declared
        Bytes that its header says it unpacks to.
    """
    most = MOST_SHRINKAGE * os.path.getsize(path)
    if declared > most:
        raise ValueError(f"its content must be at most {most} bytes for its size, it declares {declared}")
