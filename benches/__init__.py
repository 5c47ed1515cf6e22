"""Measurements that anyone can repeat: `make bench`. Results are committed under `benches/results`."""
