"""Train the network of a study."""

from step import step

from cnn.train import train

with step(snakemake.log[0]):
    train(
        dataset=snakemake.input.dataset,
        model_file=snakemake.output.model,
        history_file=snakemake.output.history,
        settings_file=snakemake.output.settings,
        network=snakemake.params.network,
        training=snakemake.params.training,
        seed=snakemake.params.seed,
        code=snakemake.params.code,
        fold=snakemake.wildcards.fold,
        member=int(snakemake.wildcards.member),
    )
