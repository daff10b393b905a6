"""Columns larger than memory, or spread over workers: counts on a grid of the reference, which add as integers.

However the rows were divided and in whatever order their counts arrive, the sums are the same bits: a sketch is no
sample and draws no lots. What it does not know (the order of values within one cell) is a bound that comes with each
figure, and a second look at the rows of a few cells removes it.
"""
