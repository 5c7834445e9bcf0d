"""How a user's mistake reaches the user: one sentence on the last line, exit status not 0, no trace."""

import sys
from collections.abc import Callable


class UserError(Exception):
    """A mistake that the user can mend; the message names the value and the remedy in one sentence."""


def run(main: Callable[[], None]) -> None:
    """Run a stage's `main` and turn what it raises into an exit status: 1 a user's error, 130 Ctrl-C."""
    try:
        main()
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        print("stopped by Ctrl-C; the same command goes on where it can", file=sys.stderr)
        raise SystemExit(130) from None
