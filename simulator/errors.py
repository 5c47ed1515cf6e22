"""What can go wrong while events are read and sent, each said in one sentence.

NudgelineError
└── SimulatorError
    ├── SourceError     the recording cannot be read: unknown, empty, damaged
    └── SendError       the events cannot be sent: broker unreachable, topic missing
"""

from events.errors import NudgelineError


class SimulatorError(NudgelineError):
    """Anything that stops a replay or a simulation; its text is one sentence for the user."""


class SourceError(SimulatorError):
    """The recording cannot be read; give another path, or mend the file."""


class SendError(SimulatorError):
    """The events cannot be handed to Kafka; look at the broker, its topics and the settings."""
