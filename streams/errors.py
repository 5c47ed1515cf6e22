"""What can go wrong at the pipes, each said in one sentence that tells what to do.

NudgelineError                (events.errors)
└── StreamsError
    ├── SettingsError         a setting can't be read
    ├── BrokerUnreachable     nobody answers at the address, or what answers is no Kafka
    ├── WrongCredentials      Kafka refuses the user, the password or the TLS certificate
    ├── UnsupportedKafka      a Kafka too old for what the worker asks of it
    ├── TopicFault            a topic is missing, or has another number of partitions
    ├── PartitionerFault      a family's producer spreads its keys in another way
    ├── LocalFault            the local Kafka or Redis can't be started
    ├── StoreFault            partners not heard of for long can't be kept in a file
    ├── RulesRefused          a rule set that may not run, or can't be put in force
    ├── RulesCrossed          a change of the rules is written, and somebody wrote another at the same time
    └── WorkerFailed          the worker ended before its work was done
"""

from events.errors import NudgelineError


class StreamsError(NudgelineError):
    """Anything that keeps events from flowing."""


class SettingsError(StreamsError):
    """Mend the setting that is named."""


class BrokerUnreachable(StreamsError):
    """Start Kafka, or set NUDGELINE_BROKERS."""


class WrongCredentials(StreamsError):
    """Mend the NUDGELINE_SASL_* or NUDGELINE_SSL_* settings."""


class UnsupportedKafka(StreamsError):
    """Use a newer Kafka."""


class TopicFault(StreamsError):
    """Run `nudgeline topics create`, or mend the topic."""


class PartitionerFault(StreamsError):
    """Mend the producer, or have the family re-keyed."""


class LocalFault(StreamsError):
    """Install what is missing, or look at the log that is named."""


class StoreFault(StreamsError):
    """Make room on the disk, or name another folder."""


class RulesRefused(StreamsError):
    """Mend the rules as it says; what ran runs on."""


class RulesCrossed(StreamsError):
    """Look at `nudgeline rules history`, and do what is missing now."""


class WorkerFailed(StreamsError):
    """Look at the worker's log."""
