"""The pages of the repository and the site that is made of them."""

import re

import pytest
from check_links import broken

PAGES = ("*.md", "config/*.md", "docs/*.md", "docs/tutorials/*.md")


def test_links_of_pages_lead_somewhere(root):
    for page in (path for pattern in PAGES for path in root.glob(pattern)):
        for link in re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8")):
            if "://" not in link:
                assert (page.parent / link).exists(), f"{page}: {link}"


@pytest.mark.parametrize(
    ("link", "problem"),
    [
        ("other.html", None),
        ("other.html#here", None),
        ("#here", "no such place"),
        ("other.html#there", "no such place"),
        ("picture.png", "no such file"),
        ("https://example.org/nothing", None),
    ],
)
def test_broken_links_of_the_site_are_found(tmp_path, link, problem):
    (tmp_path / "page.html").write_text(f'<a href="{link}">it</a>', encoding="utf-8")
    (tmp_path / "other.html").write_text('<h1 id="here">Here</h1>', encoding="utf-8")
    assert broken(tmp_path) == ([f"page.html: {link}: {problem}"] if problem else [])


def test_every_page_is_on_the_site(root):
    """Sphinx warns of pages of docs that nothing leads to; those outside it does not know."""
    taken_in = "".join(path.read_text(encoding="utf-8") for path in root.glob("docs/*.md"))
    for page in (*root.glob("*.md"), root / "config/README.md"):
        assert f"{{include}} ../{page.relative_to(root)}\n" in taken_in, page
