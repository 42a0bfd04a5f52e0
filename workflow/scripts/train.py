"""Train the network of a study."""

from step import step

from cnn.backend_choice import choose_backend

with step(snakemake.log[0]):
    choose_backend(snakemake.params.training["backend"])
    from cnn.train import train

    train(
        dataset=snakemake.input.dataset,
        model_file=snakemake.output.model,
        history_file=snakemake.output.history,
        settings_file=snakemake.output.settings,
        **{name: snakemake.params[name] for name in ("network", "training", "seed", "code")},
        fold=snakemake.wildcards.fold,
        member=int(snakemake.wildcards.member),
    )
