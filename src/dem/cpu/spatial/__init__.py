"""Kernels for spheres in space, one structure on one core."""
