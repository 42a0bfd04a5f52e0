# One rule per row of the table of figures, and all figures on one page.

for name, figure in of_geometry(study).items():

    rule:
        name:
            f"figure_{name}"
        input:
            **figure.input_files(study),
        output:
            report(
                f"results/{{study}}/figures/{name}.{figure.screen}",
                caption=f"../report/{name}.rst",
                category=figure.category,
            ),
            [f"results/{{study}}/figures/{name}.{suffix}" for suffix in figure.paper],
        log:
            f"results/{{study}}/logs/figure_{name}.log",
        benchmark:
            f"results/{{study}}/benchmarks/figure_{name}.tsv"
        conda:
            "../envs/analysis.yaml"
        params:
            **figure.settings(study),
            figure=name,
            code=code_of(f"analysis.figures.{name}"),
        script:
            "../scripts/figure.py"


rule html_report:
    input:
        **study.tables(),
        pictures=[*pictures(study), *study.image_figures()],
        captions=[report_file(f"{name}.rst") for name in captions(study)],
        template=report_file("page.html.j2"),
        manifest="results/{study}/manifest.json",
    output:
        "results/{study}/report.html",
    log:
        "results/{study}/logs/html_report.log",
    conda:
        "../envs/analysis.yaml"
    params:
        categories=categories(study),
        benchmarks=benchmark_files(study),
        config=study.told(),
        command=command(),
        code=code_of("analysis.report"),
    script:
        "../scripts/html_report.py"
