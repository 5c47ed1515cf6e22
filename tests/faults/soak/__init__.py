"""An hour's load with kills: nothing lost, nothing doubled, and memory that does not grow.

    python -m tests.faults.soak --minutes 60 --rate 30000 --kill-every 120 --seed 1
"""
