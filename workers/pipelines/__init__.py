"""Turn a dataset version and a recipe into a model: prepare, train, convert, evaluate."""
