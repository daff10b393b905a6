"""Why a model answers as it does, for any model that is served: every method sees rows and answers, no more."""
