"""What every script does around its one call: progress to the log and the screen, errors in one line."""

import logging
import sys
from contextlib import contextmanager


@contextmanager
def step(log_file):
    """Log to `log_file` and stderr; an expected error ends the job with its message, not a traceback."""
    to_file = logging.FileHandler(log_file, mode="w", encoding="utf-8")
    to_screen = logging.StreamHandler()
    to_file.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    for package in ("dem", "cnn", "analysis", "transport"):
        logger = logging.getLogger(package)
        logger.setLevel(logging.INFO)
        logger.handlers = [to_file, to_screen]
    try:
        yield
    except (OSError, RuntimeError, ValueError) as error:
        to_file.handle(logging.LogRecord("step", logging.ERROR, "", 0, "", (), sys.exc_info()))
        sys.exit(f"error: {error}\n(traceback in {log_file})")
