"""Pages of the repository on the site, as they are: links are moved to where their targets are there."""

from __future__ import annotations

import os
import re
from pathlib import Path

from sphinx.application import Sphinx

REPOSITORY = Path(__file__).resolve().parents[2]
DOCS = REPOSITORY / "docs"
# Pages from outside of docs -> the page that takes each in.
TAKEN_IN = {
    REPOSITORY / "README.md": DOCS / "index.md",
    REPOSITORY / "ARCHITECTURE.md": DOCS / "architecture.md",
    REPOSITORY / "CONTRIBUTING.md": DOCS / "contributing.md",
    REPOSITORY / "CHANGELOG.md": DOCS / "changelog.md",
    REPOSITORY / "config/README.md": DOCS / "configuration.md",
}
INCLUDE = re.compile(r"^```\{include\} (\S+)\n((?::[a-z-]+: .*\n)*)```$", re.MULTILINE)
LINK = re.compile(r"(!?)\[((?:[^][]|\[[^][]*\]\([^)]*\))*)\]\(([^)#\s]+)(#[^)]*)?\)")


def take_in(app: Sphinx, docname: str, source: list[str]) -> None:
    """Replace the includes of a page by what they include, and move all links."""
    page = Path(app.srcdir, f"{docname}.md")
    if not page.exists():
        return

    def included(found: re.Match[str]) -> str:
        path = (page.parent / found[1]).resolve()
        app.env.note_dependency(str(path))
        options = dict(line[1:].split(": ", 1) for line in found[2].splitlines())
        return moved(part(path.read_text(encoding="utf-8"), path, **options), path.parent, page.parent)

    source[0] = INCLUDE.sub(included, moved(source[0], page.parent, page.parent))


def part(text: str, path: Path, **options: str) -> str:
    """The text after one marker and before another."""
    for marker in options.values():
        if marker not in text:
            raise ValueError(f"{path} has no text {marker!r}, which a page of the site takes in parts by")
    if "start-at" in options:
        text = text[text.index(options["start-at"]) :]
    if "start-after" in options:
        text = text.split(options["start-after"], 1)[1]
    return text.split(options["end-before"], 1)[0] if "end-before" in options else text


def moved(text: str, folder: Path, to: Path) -> str:
    """A page's text, its links counted from another folder.

    Those to modules lead to their description; those to folders are no links.
    """

    def link(found: re.Match[str]) -> str:
        picture, label, target, anchor = found[1], moved(found[2], folder, to), found[3], found[4] or ""
        path = (folder / target).resolve()
        if "://" in target or target.startswith("mailto:") or not path.is_relative_to(REPOSITORY):
            return found[0]
        if path.is_dir():
            return label
        path = TAKEN_IN.get(path, path)
        if path.suffix == ".py" and path.is_relative_to(REPOSITORY / "src"):
            module = path.relative_to(REPOSITORY / "src").with_suffix("").parts
            path = DOCS / f"api/{'.'.join(module).removesuffix('.__init__')}.rst"
        return f"{picture}[{label}]({os.path.relpath(path, to)}{anchor})"

    return LINK.sub(link, text)


def setup(app: Sphinx) -> dict[str, bool]:
    """Read pages so."""
    app.connect("source-read", take_in)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
