"""`make bench`: the numbers of the design, each measured side by side with its baseline in one run.

No figure is written here but the limits; everything else is measured when the command runs.
"""
