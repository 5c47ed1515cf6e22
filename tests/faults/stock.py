"""A stock Faust worker."""
