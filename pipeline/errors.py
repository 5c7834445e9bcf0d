"""How a user's mistake reaches the user: one sentence on the last line, exit status not 0, no trace."""

import errno
import logging
import os
import sys
import time
from collections.abc import Callable

logger = logging.getLogger(__name__)


class UserError(Exception):
    """A mistake that the user can mend; the message names the value and the remedy in one sentence."""


def unreadable(what: str, error: OSError) -> UserError:
    """The error for a file that is there and cannot be read, such as another user's in a container."""
    remedy = f"; `chmod a+r {error.filename}` lets it" if isinstance(error, PermissionError) else ""
    return UserError(f"cannot read the {what} {error.filename} as user {os.getuid()}: {error.strerror}{remedy}")


def refused(error: BaseException) -> str | None:
    """The sentence for a file or folder that this user may not write or read; None for another error."""
    if not isinstance(error, OSError) or error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS):
        return None
    if not error.filename:
        return None
    where = f"{os.fsdecode(error.filename)} as user {os.getuid()}: {error.strerror}"
    return f"cannot use {where}; change its owner or permissions, or work in a folder of your own"


def is_disk_full(error: BaseException) -> bool:
    """Whether an error says that the disk is full; safetensors says it in words only."""
    return getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT) or "No space left on device" in str(error)


def run(main: Callable[[], None]) -> None:
    """Run a stage's `main` and turn what it raises into an exit status: 1 a user's error, 130 Ctrl-C."""
    started = time.monotonic()
    try:
        main()
    except UserError as error:
        logger.info("after %.1f s: error: %s", time.monotonic() - started, error)
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(1) from None
    except Exception as error:
        logger.info("after %.1f s: not foreseen", time.monotonic() - started, exc_info=True)
        full = f"no disk space left: free some space and run the same command again ({error})"
        sentence = full if is_disk_full(error) else refused(error)
        if sentence is None:
            raise
        print(f"error: {sentence}", file=sys.stderr)
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        logger.info("after %.1f s: Ctrl-C", time.monotonic() - started)
        print("stopped by Ctrl-C; the same command goes on where it can", file=sys.stderr)
        raise SystemExit(130) from None
    logger.info("after %.1f s: done", time.monotonic() - started)
