"""The vocabulary that all packages share: species and phases, targets, the trajectory file."""
