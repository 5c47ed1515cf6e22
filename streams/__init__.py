"""The pipes: the only room that knows Faust, Kafka and Redis."""
