"""Redis: what must be read fast. A view may lag, and may be rebuilt; nothing depends on it."""

from streams.views.reader import ViewReader
from streams.views.writer import Views

__all__ = ["ViewReader", "Views"]
