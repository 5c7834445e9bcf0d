"""The example dataset, the generator that made it, and its templates."""
