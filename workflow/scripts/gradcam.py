"""Map where in test images the predictions come from."""

from step import step

from cnn.gradcam import gradcam_dataset

with step(snakemake.log[0]):
    gradcam_dataset(
        snakemake.input.dataset,
        list(snakemake.input.models),
        snakemake.output[0],
        snakemake.params.structures,
    )
