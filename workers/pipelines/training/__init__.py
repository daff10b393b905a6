"""From a table and a recipe to a model that is converted, proven equal, and ready to be judged."""
