"""The front door: ``assb predict``, the everyday jobs of the other packages behind one command."""
