"""A second implementation of the rule language, slow and obvious, to hold the compiled engine to."""
