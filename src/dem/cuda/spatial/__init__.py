"""What the threads of a GPU do for spheres in space."""
