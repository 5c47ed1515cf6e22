"""What others do on the yardstick, in the same run on the same Kafka: `python -m benches.peers`."""
