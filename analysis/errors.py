"""What can go wrong when topics are read for people."""

from events.errors import NudgelineError


class TapError(NudgelineError):
    """A topic can't be read or written out: the text says why, and what to do."""


class BacktestError(NudgelineError):
    """A backtest can't be run, or did not come to its end: the text says why, and what to do."""
