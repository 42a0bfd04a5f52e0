"""From trajectories to images, labels, one dataset, metrics and figures. Reads files, never `dem`."""
