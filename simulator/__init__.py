"""What feeds the product when no live company does: recordings that are replayed, and a city that is invented."""
