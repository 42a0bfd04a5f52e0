"""The page of a study in a real browser, on a desk and on a phone."""

import pytest


@pytest.fixture(params=[1280, 390])
def page(request, open_page, finished):
    """The browser with the page open at a width [pixels]."""
    return open_page((finished.folder / "results/tiny/report.html").as_uri(), request.param)


def test_page_opens_without_errors_and_every_figure_displays(page):
    shown = page.execute_script(
        "return [...document.images].map(i => [i.closest('figure').id, i.complete && i.naturalWidth, "
        "i.getBoundingClientRect().width])"
    )
    assert [name for name, *_ in shown] == [
        "pipeline",
        "structure",
        "animation",
        "images",
        "compression_curves",
        "hertz",
        "parity",
        "predictors",
        "uncertainty",
        "stress_distribution",
        "gradcam",
        "reaction_area",
    ]
    assert all(natural > 600 and width >= 1000 for _, natural, width in shown), "neither broken nor tiny"
    assert page.get_log("browser") == []
    outside = page.execute_script("return performance.getEntriesByType('resource').map(r => r.name)")
    assert [name for name in outside if not name.startswith("data:")] == [], "the file needs no other"


def test_text_is_readable_and_the_page_does_not_scroll_sideways(page):
    sizes = page.execute_script(
        "return [...document.querySelectorAll('p, figcaption, td, th, a, code, small')]"
        ".map(e => parseFloat(getComputedStyle(e).fontSize))"
    )
    assert len(sizes) > 100 and min(sizes) >= 11.5
    sideways = "return document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.execute_script(sideways) <= 0


def test_page_tells_metrics_run_times_and_origin(page):
    text = page.execute_script("return document.body.innerText")
    boosted = "image descriptors, boosted", "surroundings, boosted"
    for words in ("Random split, 2 structures", "Width held out, 8 structures", *boosted):
        assert words in text
    rows = page.execute_script(
        "return [...document.querySelectorAll('#cost + p + .wide tbody tr')]"
        ".map(r => r.innerText.split('\\t'))"
    )
    jobs = {rule: int(count) for rule, count, *_ in rows}
    assert jobs["compress"] == 4 and jobs["train"] == 2 + 2 and jobs["dataset"] == 1
    assert jobs["figures"] == 12 and jobs["predict"] == 3
    assert "SHA-256" in text and "numpy" in text
    links = page.execute_script("return [...document.querySelectorAll('nav a')].map(a => a.hash)")
    assert len(links) == 8
    missing = [name for name in links if not page.execute_script(f"return document.querySelector('{name}')")]
    assert missing == []
