"""Boxes filled with particles, before compression."""
