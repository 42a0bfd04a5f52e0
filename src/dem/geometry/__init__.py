"""What differs between the plane and space: faces of the box, and how particles in contact move."""
