"""Faults, on purpose, on a real Kafka and Redis: after each run states and outputs are those of a run that nobody disturbed.

    python -m tests.faults --runs 5 --seed 77
"""
