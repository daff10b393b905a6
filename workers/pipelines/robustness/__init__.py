"""How a model bears what it was not trained on: noise, gaps, shift, damaged images, and people who attack it."""
