# One rule per figure; each gives PNG and PDF, the animation a GIF. All of them on one page.


rule figure_structure:
    input:
        trajectory=example_trajectory(),
    output:
        png=report(
            "results/{study}/figures/structure.png",
            caption="../report/structure.rst",
            category=FIGURES["structure"],
        ),
        pdf="results/{study}/figures/structure.pdf",
    log:
        "results/{study}/logs/figure_structure.log",
    benchmark:
        "results/{study}/benchmarks/figure_structure.tsv"
    conda:
        "../envs/analysis.yaml"
    params:
        figure="structure",
        code=code_of("analysis.figures.structure"),
    script:
        "../scripts/figure.py"


rule figure_images:
    input:
        trajectory=example_trajectory(),
        dataset="results/{study}/dataset.nc",
    output:
        png=report(
            "results/{study}/figures/images.png", caption="../report/images.rst", category=FIGURES["images"]
        ),
        pdf="results/{study}/figures/images.pdf",
    log:
        "results/{study}/logs/figure_images.log",
    benchmark:
        "results/{study}/benchmarks/figure_images.tsv"
    conda:
        "../envs/analysis.yaml"
    params:
        figure="images",
        image=config["image"],
        code=code_of("analysis.figures.images"),
    script:
        "../scripts/figure.py"


rule figure_parity:
    input:
        predictions="results/{study}/predictions/random.nc",
        metrics="results/{study}/metrics.csv",
    output:
        png=report(
            "results/{study}/figures/parity.png", caption="../report/parity.rst", category=FIGURES["parity"]
        ),
        pdf="results/{study}/figures/parity.pdf",
    log:
        "results/{study}/logs/figure_parity.log",
    benchmark:
        "results/{study}/benchmarks/figure_parity.tsv"
    conda:
        "../envs/analysis.yaml"
    params:
        figure="parity",
        code=code_of("analysis.figures.parity"),
    script:
        "../scripts/figure.py"


rule figure_predictors:
    input:
        metrics="results/{study}/metrics.csv",
    output:
        png=report(
            "results/{study}/figures/predictors.png",
            caption="../report/predictors.rst",
            category=FIGURES["predictors"],
        ),
        pdf="results/{study}/figures/predictors.pdf",
    log:
        "results/{study}/logs/figure_predictors.log",
    benchmark:
        "results/{study}/benchmarks/figure_predictors.tsv"
    conda:
        "../envs/analysis.yaml"
    params:
        figure="predictors",
        code=code_of("analysis.figures.predictors"),
    script:
        "../scripts/figure.py"


rule figure_gradcam:
    input:
        gradcam="results/{study}/gradcam.nc",
    output:
        png=report(
            "results/{study}/figures/gradcam.png",
            caption="../report/gradcam.rst",
            category=FIGURES["gradcam"],
        ),
        pdf="results/{study}/figures/gradcam.pdf",
    log:
        "results/{study}/logs/figure_gradcam.log",
    benchmark:
        "results/{study}/benchmarks/figure_gradcam.tsv"
    conda:
        "../envs/analysis.yaml"
    params:
        figure="gradcam",
        code=code_of("analysis.figures.gradcam"),
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
            category=FIGURES["reaction_area"],
        ),
        pdf="results/{study}/figures/reaction_area.pdf",
    log:
        "results/{study}/logs/figure_reaction_area.log",
    benchmark:
        "results/{study}/benchmarks/figure_reaction_area.tsv"
    conda:
        "../envs/analysis.yaml"
    params:
        figure="reaction_area",
        code=code_of("analysis.figures.reaction_area"),
    script:
        "../scripts/figure.py"


rule figure_hertz:
    input:
        trajectory=example_trajectory(),
    output:
        png=report(
            "results/{study}/figures/hertz.png",
            caption="../report/hertz.rst",
            category=FIGURES["hertz"],
        ),
        pdf="results/{study}/figures/hertz.pdf",
    log:
        "results/{study}/logs/figure_hertz.log",
    benchmark:
        "results/{study}/benchmarks/figure_hertz.tsv"
    conda:
        "../envs/analysis.yaml"
    params:
        figure="hertz",
        code=code_of("analysis.figures.hertz"),
    script:
        "../scripts/figure.py"


rule figure_compression_curves:
    input:
        response="results/{study}/response.nc",
    output:
        png=report(
            "results/{study}/figures/compression_curves.png",
            caption="../report/compression_curves.rst",
            category=FIGURES["compression_curves"],
        ),
        pdf="results/{study}/figures/compression_curves.pdf",
    log:
        "results/{study}/logs/figure_compression_curves.log",
    benchmark:
        "results/{study}/benchmarks/figure_compression_curves.tsv"
    conda:
        "../envs/analysis.yaml"
    params:
        figure="compression_curves",
        code=code_of("analysis.figures.compression_curves"),
    script:
        "../scripts/figure.py"


rule figure_uncertainty:
    input:
        predictions="results/{study}/predictions/random.nc",
    output:
        png=report(
            "results/{study}/figures/uncertainty.png",
            caption="../report/uncertainty.rst",
            category=FIGURES["uncertainty"],
        ),
        pdf="results/{study}/figures/uncertainty.pdf",
    log:
        "results/{study}/logs/figure_uncertainty.log",
    benchmark:
        "results/{study}/benchmarks/figure_uncertainty.tsv"
    conda:
        "../envs/analysis.yaml"
    params:
        figure="uncertainty",
        code=code_of("analysis.figures.uncertainty"),
    script:
        "../scripts/figure.py"


rule figure_stress_distribution:
    input:
        response="results/{study}/response.nc",
        predictions="results/{study}/predictions/random.nc",
    output:
        png=report(
            "results/{study}/figures/stress_distribution.png",
            caption="../report/stress_distribution.rst",
            category=FIGURES["stress_distribution"],
        ),
        pdf="results/{study}/figures/stress_distribution.pdf",
    log:
        "results/{study}/logs/figure_stress_distribution.log",
    benchmark:
        "results/{study}/benchmarks/figure_stress_distribution.tsv"
    conda:
        "../envs/analysis.yaml"
    params:
        figure="stress_distribution",
        code=code_of("analysis.figures.stress_distribution"),
    script:
        "../scripts/figure.py"


rule figure_animation:
    input:
        trajectory="results/{study}/example.h5",
    output:
        gif=report(
            "results/{study}/figures/animation.gif",
            caption="../report/animation.rst",
            category=FIGURES["animation"],
        ),
    log:
        "results/{study}/logs/figure_animation.log",
    benchmark:
        "results/{study}/benchmarks/figure_animation.tsv"
    conda:
        "../envs/analysis.yaml"
    params:
        figure="animation",
        code=code_of("analysis.figures.animation"),
    script:
        "../scripts/figure.py"


rule figure_pipeline:
    output:
        png=report(
            "results/{study}/figures/pipeline.png",
            caption="../report/pipeline.rst",
            category=FIGURES["pipeline"],
        ),
        pdf="results/{study}/figures/pipeline.pdf",
    log:
        "results/{study}/logs/figure_pipeline.log",
    benchmark:
        "results/{study}/benchmarks/figure_pipeline.tsv"
    conda:
        "../envs/analysis.yaml"
    params:
        figure="pipeline",
        code=code_of("analysis.figures.pipeline"),
    script:
        "../scripts/figure.py"


rule figure_transfer:
    input:
        predictions=prediction_files(),
        metrics="results/{study}/metrics.csv",
    output:
        png=report(
            "results/{study}/figures/transfer.png",
            caption="../report/transfer.rst",
            category=FIGURES["transfer"],
        ),
        pdf="results/{study}/figures/transfer.pdf",
    log:
        "results/{study}/logs/figure_transfer.log",
    benchmark:
        "results/{study}/benchmarks/figure_transfer.tsv"
    conda:
        "../envs/analysis.yaml"
    params:
        figure="transfer",
        code=code_of("analysis.figures.transfer"),
    script:
        "../scripts/figure.py"


rule figure_am_coverage:
    input:
        predictions=expand("results/{{study}}/predictions/{fold}.nc", fold=only_folds()),
    output:
        png=report(
            "results/{study}/figures/am_coverage.png",
            caption="../report/am_coverage.rst",
            category=FIGURES["am_coverage"],
        ),
        pdf="results/{study}/figures/am_coverage.pdf",
    log:
        "results/{study}/logs/figure_am_coverage.log",
    benchmark:
        "results/{study}/benchmarks/figure_am_coverage.tsv"
    conda:
        "../envs/analysis.yaml"
    params:
        figure="am_coverage",
        code=code_of("analysis.figures.am_coverage"),
    script:
        "../scripts/figure.py"


rule figure_novelty:
    input:
        novelty=expand("results/{{study}}/novelty/{fold}.nc", fold=only_folds()),
        detection="results/{study}/detection.csv",
    output:
        png=report(
            "results/{study}/figures/novelty.png",
            caption="../report/novelty.rst",
            category=FIGURES["novelty"],
        ),
        pdf="results/{study}/figures/novelty.pdf",
    log:
        "results/{study}/logs/figure_novelty.log",
    benchmark:
        "results/{study}/benchmarks/figure_novelty.tsv"
    conda:
        "../envs/analysis.yaml"
    params:
        figure="novelty",
        code=code_of("analysis.figures.novelty"),
    script:
        "../scripts/figure.py"


rule html_report:
    input:
        pictures=[*pictures(), *image_figures()],
        captions=captions(),
        template=report_file("page.html.j2"),
        metrics="results/{study}/metrics.csv",
        manifest="results/{study}/manifest.json",
    output:
        "results/{study}/report.html",
    log:
        "results/{study}/logs/html_report.log",
    conda:
        "../envs/analysis.yaml"
    params:
        categories=categories(),
        benchmarks=benchmark_files(),
        config=sections("study", "joined_studies", "degraded_copies", "seed", "grid", "compression"),
        command=command(),
        code=code_of("analysis.report"),
    script:
        "../scripts/html_report.py"
