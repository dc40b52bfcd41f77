"""A whole shop in one thread: real tills, real central, real files; time, chance and the line between them are given.

    python -m tests.simulator EVENTS=100000 SEED=1

What happens is a list of steps drawn from one seed. Every step carries its own luck, so that any part of the list
means the same without the rest: a failure is cut down to the few steps that it takes.
"""
