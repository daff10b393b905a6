"""Measures of a model and its data, each a value with its interval and the number of rows behind it."""
