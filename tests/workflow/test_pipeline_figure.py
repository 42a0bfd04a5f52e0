import re

from analysis.figures.pipeline import ARROWS, BOXES


def test_boxes_and_arrows_are_those_of_the_workflow(project):
    """The drawn figure holds every rule but those that draw, and no arrow that is not."""
    graph = project.snakemake("-n", "--rulegraph", "--configfile", "tests/tiny.yaml").stdout
    names = dict(re.findall(r'(\d+)\[label = "(\w+)"', graph))
    shown = {
        number: "figure_*" if name.startswith(("figure_", "html_")) else name
        for number, name in names.items()
        if name != "all"
    }
    assert set(shown.values()) == set(BOXES)
    edges = {(shown[a], shown[b]) for a, b in re.findall(r"(\d+) -> (\d+)", graph) if b in shown}
    assert set(ARROWS) <= edges
    assert {start for start, _ in ARROWS} == set(BOXES) - {"figure_*"}, "no box leads nowhere"
    assert {end for _, end in ARROWS} == set(BOXES) - {"compile_kernels"}
