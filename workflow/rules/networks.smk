# Train ensembles of networks and predict all images of a study, in the plane or in space; hand the ensemble on.


rule train:
    input:
        dataset=study.learnt(),
    output:
        model="results/{study}/cnn/{fold}/member-{member}.keras",
        history="results/{study}/cnn/{fold}/member-{member}.csv",
        settings="results/{study}/cnn/{fold}/member-{member}.json",
    log:
        "results/{study}/logs/train/{fold}_member-{member}.log",
    benchmark:
        "results/{study}/benchmarks/train/{fold}_member-{member}.tsv"
    conda:
        f"../envs/{config['training']['environment']}.yaml"
    threads: 8
    params:
        network=config["network"],
        training=study.training_settings(),
        seed=config["seed"],
        code=code_of("cnn.train"),
    script:
        "../scripts/train.py"


rule predict:
    input:
        dataset=study.learnt(),
        models=lambda wildcards: study.members(wildcards.fold, "keras"),
        settings=lambda wildcards: study.members(wildcards.fold, "json"),
    output:
        "results/{study}/predictions/{fold}.nc",
    log:
        "results/{study}/logs/predict/{fold}.log",
    benchmark:
        "results/{study}/benchmarks/predict/{fold}.tsv"
    conda:
        "../envs/cnn.yaml"
    threads: 2
    params:
        code=code_of("cnn.ensemble"),
    script:
        "../scripts/predict.py"


rule bundle:
    input:
        dataset=study.learnt(),
        predictions="results/{study}/predictions/random.nc",
        judged=study.judged(),
        models=study.members("random", "keras"),
        settings=study.members("random", "json"),
    output:
        directory("results/{study}/bundle"),
    log:
        "results/{study}/logs/bundle.log",
    conda:
        "../envs/cnn.yaml"
    threads: 2
    params:
        code=code_of("cnn.bundle"),
    script:
        "../scripts/bundle.py"
