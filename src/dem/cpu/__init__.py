"""The engine for one core: kernels of the planar geometry, compiled for the law whose type they are given."""
