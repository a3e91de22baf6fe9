"""The store: compiled code in files of the user's cache directory, for the next process.

A file is data that somebody may have damaged: its first line is a mark, then comes a digest of the
rest, and what does not agree is as good as absent. Nothing that goes wrong here, a full disk or a
home that cannot be written to, is more than one line of notice.
"""

from __future__ import annotations

import os
import stat
import sys
import warnings
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from threading import Lock

MARK = b"bibun object 1\n"
DIGEST = 32
LIMIT = 256 << 20
"""Bytes of all files together, unless the user says otherwise."""


BLOCK = 4096
"""What a file takes at least: small ones, too, must not become too many."""


class Store:
    """Files in one directory, together at most `limit` bytes: those used least recently go."""

    def __init__(self, path: Path | None, limit: int = LIMIT):
        self.path, self.limit = path, limit
        self.writes = path is not None and limit > 0
        self.unseen: int | None = None  # bytes written since all files were last counted
        self.lock = Lock()

    def load(self, name: str) -> bytes | None:
        """What was saved by this name; None if it is absent, damaged or of another user."""
        if self.path is None:
            return None
        try:
            content = _own(self.path / name)
        except OSError:
            return None
        start = len(MARK) + DIGEST
        whole = content[start:]
        if content[:start] != MARK + sha256(whole).digest():
            return None
        with suppress(OSError):  # a directory that can only be read
            os.utime(self.path / name)
        return whole

    def save(self, name: str, whole: bytes) -> None:
        """Keep it, in a new file that takes the name when it is complete."""
        if self.path is None or not self.writes:
            return
        content = MARK + sha256(whole).digest() + whole
        if len(content) > self.limit:
            return
        try:
            _private(self.path)
            _write(self.path, name, content)
            self.bound(max(len(content), BLOCK))
        except OSError as error:
            self.writes = False
            notice(f"{self.path} cannot be written to ({error.strerror or error})")

    def bound(self, added: int) -> None:
        """Remove what was used least recently, if there is too much.

        Files are counted at the first write and when an eighth of the limit has come since.
        """
        assert self.path is not None
        with self.lock:
            if self.unseen is not None and self.unseen + added < self.limit // 8:
                self.unseen += added
                return
            self.unseen = 0
        found = []
        for entry in os.scandir(self.path):
            with suppress(OSError):  # another process has just removed it
                known = entry.stat(follow_symlinks=False)
                found.append((known.st_mtime_ns, max(known.st_size, BLOCK), entry.path))
        total = sum(size for _, size, _ in found)
        for _, size, path in sorted(found):
            if total <= self.limit:
                break
            total -= size
            with suppress(OSError):
                os.unlink(path)


def _own(path: Path) -> bytes:
    """The content of a file that only this user can have written."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
    with open(os.open(path, flags), "rb") as file:
        known = os.fstat(file.fileno())
        if not stat.S_ISREG(known.st_mode) or _foreign(known):
            raise PermissionError
        return file.read()


def _foreign(known: os.stat_result) -> bool:
    """Whether others can write there. Windows keeps a profile's folders to its user."""
    return os.name == "posix" and (known.st_uid != os.geteuid() or bool(known.st_mode & 0o022))


def _private(path: Path) -> None:
    """A directory that is this user's alone."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    known = path.stat()
    if os.name == "posix" and known.st_uid == os.geteuid() and known.st_mode & 0o077:
        path.chmod(0o700)
        known = path.stat()
    if _foreign(known):
        raise PermissionError(0, "it belongs to another user")


def _write(directory: Path, name: str, content: bytes) -> None:
    """A file, at once: others see the old one or the new one."""
    part = directory / f"part-{os.urandom(8).hex()}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    try:
        with open(os.open(part, flags, 0o600), "wb") as file:
            file.write(content)
        os.replace(part, directory / name)
    except BaseException:
        with suppress(OSError):
            os.unlink(part)
        raise


# ---------------------------------------------------------------- where it is


def usual() -> Path | None:
    """bibun's folder in the user's cache directory; None where the user has no home."""
    given = os.environ.get("XDG_CACHE_HOME", "")
    if os.path.isabs(given):
        return Path(given, "bibun")
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA")
        return Path(local, "bibun", "Cache") if local else None
    home = os.path.expanduser("~")
    if not os.path.isabs(home):
        notice("this user has no home directory")
        return None
    folder = "Library/Caches" if sys.platform == "darwin" else ".cache"
    return Path(home, folder, "bibun")


_current: list[Store] = []  # one, from the first use on
_noticed: list[str] = []


def notice(reason: str) -> None:
    """Say once in a process that compiled code is not kept, and why."""
    if not _noticed:
        _noticed.append(reason)
        warnings.warn(
            f"bibun keeps no compiled code for the next process: {reason}. "
            "bibun.set_cache(path) chooses another directory, set_cache(None) none",
            stacklevel=2,
        )


def store() -> Store:
    """Where compiled code is kept at present."""
    if not _current:
        _current.append(Store(usual()))
    return _current[0]


def set_cache(path: str | os.PathLike[str] | None, *, bytes: int = LIMIT) -> None:
    """Keep compiled code for further processes in this directory; None keeps none.

    Without a call it is bibun's folder in the user's cache directory: `$XDG_CACHE_HOME/bibun`, or
    `~/.cache/bibun` (Linux), `~/Library/Caches/bibun` (macOS), `%LOCALAPPDATA%` (Windows). It
    becomes the user's alone (mode 0700), and holds at most so many `bytes`: what was used least
    recently goes. What cannot be written gives one line of notice in a process, nothing else.

    >>> import bibun
    >>> bibun.set_cache(None)
    """
    limit = bytes
    if isinstance(limit, bool) or not isinstance(limit, int) or limit < 0:
        raise ValueError(f"set_cache: bytes is a number, 0 or more, not {limit!r}")
    chosen = None if path is None else Path(path).expanduser().absolute()
    _current[:] = [Store(chosen, limit)]
