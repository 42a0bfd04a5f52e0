"""One module per figure; each has a ``save`` that a workflow calls and functions that draw on given axes."""
