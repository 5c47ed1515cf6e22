"""A real Apache Kafka and a real Redis on this machine, for the demo, the tests and the benches: nothing needs to be installed beforehand."""

from streams.local.services import LocalServices

__all__ = ["LocalServices"]
