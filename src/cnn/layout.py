"""How the network is laid out and what its parts are called: for who builds it, and who only runs it."""

# Poolings before the block that sees one cell of the stress map per place, and that block.
MAP_POOLINGS = 2
MAP_BLOCK = MAP_POOLINGS + 1
# The layers whose maps Grad-CAM weighs and whose shares of the phases go with them; the network inside a
# finished model and the way back to SI units behind it; its outputs.
FEATURES = "features"
SHARES = "shares"
NETWORK, SI_UNITS = "network", "si_units"
TARGETS, STRESS_MAP = "targets", "stress_map"
# Added to the area of a phase, which may be missing, and to the variance of its stress: away from zero,
# where the root has no gradient.
LEAST_AREA, LEAST_VARIANCE = 1e-6, 1e-4
# The electrode and its mirror images are the same to the labels: row and column order of each view.
FLIPS = ((1, 1), (1, -1), (-1, 1), (-1, -1))
