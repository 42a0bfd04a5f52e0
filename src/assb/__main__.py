"""``python -m assb``: the same as ``assb``."""

from assb.cli import main

if __name__ == "__main__":
    main()
