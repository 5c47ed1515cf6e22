"""What can go wrong when topics are read for people."""

from events.errors import NudgelineError


class HindsightError(NudgelineError):
    """Nothing is known of a partner at a moment: the text says of whom, and since when there is something."""


class TapError(NudgelineError):
    """A topic can't be read or written out: the text says why, and what to do."""


class BacktestError(NudgelineError):
    """A backtest can't be run, or did not come to its end: the text says why, and what to do."""
