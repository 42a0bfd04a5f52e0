# One rule per figure; each gives PNG and PDF.


rule figure_structure:
    input:
        trajectory=example_trajectory(),
    output:
        png=report(
            "results/{study}/figures/structure.png", caption="../report/structure.rst", category="Structures"
        ),
        pdf="results/{study}/figures/structure.pdf",
    log:
        "results/{study}/logs/figure_structure.log",
    conda:
        "../envs/analysis.yaml"
    params:
        figure="structure",
        code=code_digest("analysis.figures.structure"),
    script:
        "../scripts/figure.py"


rule figure_images:
    input:
        trajectory=example_trajectory(),
        dataset="results/{study}/dataset.nc",
    output:
        png=report(
            "results/{study}/figures/images.png", caption="../report/images.rst", category="Structures"
        ),
        pdf="results/{study}/figures/images.pdf",
    log:
        "results/{study}/logs/figure_images.log",
    conda:
        "../envs/analysis.yaml"
    params:
        figure="images",
        image=config["image"],
        code=code_digest("analysis.figures.images"),
    script:
        "../scripts/figure.py"


rule figure_parity:
    input:
        predictions="results/{study}/predictions/random.nc",
        metrics="results/{study}/metrics.csv",
    output:
        png=report(
            "results/{study}/figures/parity.png", caption="../report/parity.rst", category="Prediction"
        ),
        pdf="results/{study}/figures/parity.pdf",
    log:
        "results/{study}/logs/figure_parity.log",
    conda:
        "../envs/analysis.yaml"
    params:
        figure="parity",
        code=code_digest("analysis.figures.parity"),
    script:
        "../scripts/figure.py"


rule figure_predictors:
    input:
        metrics="results/{study}/metrics.csv",
    output:
        png=report(
            "results/{study}/figures/predictors.png",
            caption="../report/predictors.rst",
            category="Prediction",
        ),
        pdf="results/{study}/figures/predictors.pdf",
    log:
        "results/{study}/logs/figure_predictors.log",
    conda:
        "../envs/analysis.yaml"
    params:
        figure="predictors",
        code=code_digest("analysis.figures.predictors"),
    script:
        "../scripts/figure.py"


rule figure_gradcam:
    input:
        gradcam="results/{study}/gradcam.nc",
    output:
        png=report(
            "results/{study}/figures/gradcam.png", caption="../report/gradcam.rst", category="Prediction"
        ),
        pdf="results/{study}/figures/gradcam.pdf",
    log:
        "results/{study}/logs/figure_gradcam.log",
    conda:
        "../envs/analysis.yaml"
    params:
        figure="gradcam",
        code=code_digest("analysis.figures.gradcam"),
    script:
        "../scripts/figure.py"


rule figure_reaction_area:
    input:
        dataset="results/{study}/dataset.nc",
        predictions="results/{study}/predictions/random.nc",
    output:
        png=report(
            "results/{study}/figures/reaction_area.png",
            caption="../report/reaction_area.rst",
            category="Reaction area",
        ),
        pdf="results/{study}/figures/reaction_area.pdf",
    log:
        "results/{study}/logs/figure_reaction_area.log",
    conda:
        "../envs/analysis.yaml"
    params:
        figure="reaction_area",
        code=code_digest("analysis.figures.reaction_area"),
    script:
        "../scripts/figure.py"
