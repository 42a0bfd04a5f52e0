"""Check the links of the built site: each leads to a file of it, and to an element there where it names one.

python docs/check_links.py docs/_build/html
"""

from __future__ import annotations

import sys
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Page(HTMLParser):
    """Targets and names of a page."""

    def __init__(self, path: Path):
        super().__init__()
        self.links: list[str] = []
        self.names: set[str] = set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what it links to, and what it can be linked by."""
        for name, value in attrs:
            if value and name in ("href", "src"):
                self.links.append(value)
            elif value and name in ("id", "name"):
                self.names.add(value)


read = cache(Page)


def broken(site: Path) -> list[str]:
    """Links of the pages below a folder that lead nowhere; those to other sites are not followed."""
    problems = []
    # Templates of the theme stand among the files that pages take as they are.
    for path in sorted(set(site.rglob("*.html")) - set(site.glob("_static/**/*.html"))):
        for link in read(path).links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not target.is_file():
                problems.append(f"{path.relative_to(site)}: {link}: no such file")
            elif target.suffix == ".html" and unquote(parts.fragment) not in {"", *read(target).names}:
                problems.append(f"{path.relative_to(site)}: {link}: no such place")
    return problems


if __name__ == "__main__":
    found = broken(Path(sys.argv[1]).resolve())
    print(*found, f"{len(found)} broken links", sep="\n")
    sys.exit(bool(found))
