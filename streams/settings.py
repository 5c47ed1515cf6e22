"""All settings, read once from the environment (`NUDGELINE_*`). Nothing else touches the environment."""

from __future__ import annotations

import json
import ssl
import sys
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from events import FAMILIES
from events.broadcasts import BROADCASTS
from streams.errors import SettingsError
from streams.health import BEHIND_AFTER, SILENT_AFTER, Limits
from training_rules import EngineOptions
from training_rules.patterns import LATENESS

PREFIX = "NUDGELINE_"
ROOT = Path(__file__).resolve().parents[1]
CATALOG = (ROOT / "segments" / "catalog", ROOT / "training_rules" / "catalog")
OUTPUTS = ("nudges", "segment.transitions", "decisions", "partner.features", "dead.letters")


class Settings(BaseSettings):
    """How this installation is wired. Frozen; secrets are masked wherever they are printed."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid", env_ignore_empty=True)

    brokers: str = Field("127.0.0.1:9092", description="Kafka's addresses, HOST:PORT, separated by commas")
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field("PLAINTEXT", description="how to talk to Kafka")
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field("PLAIN", description="with a SASL protocol")
    sasl_username: str = Field("", description="with a SASL protocol")
    sasl_password: SecretStr = Field(SecretStr(""), description="with a SASL protocol")
    ssl_cafile: Path | None = Field(None, description="certificates to trust (PEM); otherwise those of the system")
    ssl_certfile: Path | None = Field(None, description="our own certificate (PEM), where Kafka wants one")
    ssl_keyfile: Path | None = Field(None, description="its key (PEM)")
    ssl_check_hostname: bool = Field(True, description="whether the broker's name must be the one in its certificate")

    topic_prefix: str = Field("", description="stands before every topic's name")
    topics: dict[str, str] = Field({}, description='other names for topics, as JSON: {"partner.gps": "couriers.gps"}; the prefix is not added')
    partitions: int = Field(4, ge=1, le=10_000, description="of every topic that `topics create` makes; the families must agree")
    replication: int = Field(1, ge=1, le=10, description="copies of every topic that `topics create` makes")
    app_id: str = Field("nudgeline", pattern=r"^[A-Za-z0-9._-]{1,100}$", description="consumer group, and first part of internal topics' names")
    topic_epoch: int = Field(0, ge=0, description="raise it when a source topic was deleted and made anew: its offsets start at 0 again")
    partitioner_guard: Literal["stop", "warn"] = Field("stop", description="when families turn out to lie apart while running: stop, or warn and go on")
    rekey: list[str] = Field([], description='families to re-key through an internal topic, as JSON: ["orders"]')

    rules: list[Path] = Field(list(CATALOG), description='rule files or folders, as JSON: ["rules/"]; otherwise the catalogue that is shipped')
    clock: Literal["wall", "events"] = Field("wall", description="wall: live; events: a recording, stream time follows events only")
    timer_slack: float = Field(2.0, ge=0, le=3600, description="how far stream time stays behind the wall clock, s")
    allowed_lateness: float = Field(LATENESS, ge=0, le=LATENESS, description="how far out of order events may come, s; patterns remember no more than two minutes")
    future_tolerance: float = Field(300.0, ge=0, le=86_400, description="how far in the future an event may claim to happen, s")
    max_event_bytes: int = Field(1_000_000, ge=1_000, le=100_000_000, description="larger events are refused unread")
    state_limit: int = Field(262_144, ge=4_096, le=100_000_000, description="bytes of one partner's state; beyond it the oldest partial matches and window elements go, and are counted")
    merge_wait: float = Field(5.0, ge=0, le=600, description="how long to wait for a family that is behind, s")
    silent_after: dict[str, float] = Field(SILENT_AFTER, description='by family, s: a topic without a record for so long is silent, and what waits for its events is frozen; as JSON: {"gps": 60}. 0 switches it off. Families that are not named stay as they are; those that are rarely written are off')
    behind_after: float = Field(BEHIND_AFTER, gt=0, le=3600, description="a feed that the worker lags behind by more is frozen too, s")
    season: str = Field("1", description="name of the season of the global holdout: another name draws others")

    crowd: Literal["live", "always", "never"] = Field("live", description="whether workers count what partners make together (zone_demand, cohort_pct): with the wall clock, in replays too, or never; figures that were recorded are taken up in any case")
    crowd_every: int = Field(10, ge=5, le=60, description="how often zones are counted, s of stream time; a multiple of 5")
    cohorts_every: int = Field(60, ge=5, le=3600, description="how often cohorts are surveyed, s of stream time; a multiple of `crowd_every`")
    crowd_lead: float = Field(5.0, ge=0, le=60, description="how long after the moment that they are of figures hold, s: so long they may be on their way")
    guards_every: int = Field(60, ge=0, le=3600, description="how often it is counted whom rules reached and who opted out, s of stream time, with the wall clock: by this a rule pauses itself; a multiple of 5, 0: never")
    usual_weeks: int = Field(2, ge=1, le=8, description="weeks of an hour of the week that make its usual demand")

    commit_interval: float = Field(1.0, gt=0, le=60, description="between two commits of outputs, state and offsets, s")
    session_timeout: float = Field(6.0, ge=1, le=300, description="after which a silent worker's partitions go to others, s")
    drain_timeout: float = Field(20.0, ge=0, le=600, description="how long a worker may take to end in order, s; then it is cut off")
    client_id: str = Field("", pattern=r"^[A-Za-z0-9._-]{0,200}$", description="the worker's name at Kafka; otherwise app_id, host and process")
    features_every: float = Field(10.0, ge=0, le=86_400, description="at most one record on partner.features for each partner in this time, s")
    awake_limit: int = Field(200_000, ge=100, description="partners of a worker that are kept as objects at most; the others are bytes, and each event of theirs costs 60 to 85 µs more")
    rest_after: float = Field(300.0, gt=0, description="a partner without an event for so long, and at most twice that, is kept as bytes until the next, s")
    store_after: float = Field(0.0, ge=0, description="a partner without an event for so long, and at most twice that, goes from memory to a file in the folder `store` of `data_dir` until the next, s of stream time; 0: never")
    data_dir: Path = Field(Path(".local"), description="where local services and workers keep their files")
    log_level: Literal["debug", "info", "warning", "error"] = Field("warning", description="of the worker's log")

    redis_url: str = Field("redis://127.0.0.1:6379/0", description="Redis for views; rediss:// for TLS; none: no views")
    redis_username: str = Field("", description="for Redis ACL")
    redis_password: SecretStr = Field(SecretStr(""), description="for Redis ACL")
    redis_cafile: Path | None = Field(None, description="certificates to trust (PEM), with rediss://")
    redis_prefix: str = Field("nudgeline", description="stands before every key")
    inbox_ttl: float = Field(86_400.0, gt=0, description="how long a nudge without an expiry of its own stays in the inbox, s")
    views_buffer: int = Field(100_000, ge=100, description="latest values kept while Redis is down")

    @field_validator("redis_url")
    @classmethod
    def _or_none(cls, value: str) -> str:
        return "" if value == "none" else value

    @model_validator(mode="after")
    def _in_step(self) -> Self:
        if self.crowd_every % 5 or self.cohorts_every % self.crowd_every:
            raise ValueError(f"crowd_every ({self.crowd_every}) is to be a multiple of 5, and cohorts_every ({self.cohorts_every}) one of crowd_every")
        if self.guards_every % 5:
            raise ValueError(f"guards_every ({self.guards_every}) is to be a multiple of 5")
        return self

    @field_validator("topics")
    @classmethod
    def _known_topics(cls, value: dict[str, str]) -> dict[str, str]:
        known = {f.topic for f in (*FAMILIES.values(), *BROADCASTS.values())} | set(OUTPUTS)
        for name in value:
            if name not in known:
                raise ValueError(f"no topic is called {name!r}; known are {', '.join(sorted(known))}")
        return value

    @field_validator("rekey")
    @classmethod
    def _known_families(cls, value: list[str]) -> list[str]:
        for name in value:
            if name not in FAMILIES:
                raise ValueError(f"no family is called {name!r}; known are {', '.join(FAMILIES)}")
        return value

    @field_validator("silent_after")
    @classmethod
    def _known_feeds(cls, value: dict[str, float]) -> dict[str, float]:
        for name, after in value.items():
            if name not in FAMILIES:
                raise ValueError(f"no family is called {name!r}; known are {', '.join(FAMILIES)}")
            if not 0 <= after <= 86_400:
                raise ValueError(f"{name}: {after:g} s; write 0 (never silent) to 86400")
        return SILENT_AFTER | value

    def topic(self, name: str) -> str:
        """The name in Kafka of a topic of the contract (`partner.gps`, `nudges`, ...)."""
        return self.topics.get(name, self.topic_prefix + name)

    @property
    def sources(self) -> dict[str, str]:
        """Topic of each family, as producers write it."""
        return {name: self.topic(family.topic) for name, family in FAMILIES.items()}

    @property
    def broadcasts(self) -> dict[str, str]:
        """Topic of what concerns all partners, by name."""
        return {name: self.topic(broadcast.topic) for name, broadcast in BROADCASTS.items()}

    @property
    def limits(self) -> Limits:
        """When feeds are silent, behind or late."""
        return Limits(self.silent_after, self.behind_after, self.allowed_lateness)

    @property
    def engine_options(self) -> EngineOptions:
        """How rules are compiled here."""
        return EngineOptions(allowed_lateness=self.allowed_lateness, season=self.season)

    @property
    def counts_crowd(self) -> bool:
        """Whether this worker counts what partners make together."""
        return self.crowd == "always" or (self.crowd == "live" and self.clock == "wall")

    @property
    def guards_rules(self) -> bool:
        """Whether rules may pause themselves: not in a replay."""
        return self.clock == "wall" and self.guards_every > 0

    def rekeyed(self, family: str) -> str:
        """The internal topic that a re-keyed family is read from."""
        return f"{self.app_id}-rekey-{self.sources[family]}"

    @property
    def read(self) -> dict[str, str]:
        """Topic of each family, as workers read it."""
        return {family: self.rekeyed(family) if family in self.rekey else topic for family, topic in self.sources.items()}

    @property
    def outputs(self) -> dict[str, str]:
        """Topic in Kafka of each output."""
        return {name: self.topic(name) for name in OUTPUTS}

    def kafka_client(self) -> dict[str, Any]:
        """Connection arguments of aiokafka's and kafka-python's clients."""
        found: dict[str, Any] = {"bootstrap_servers": self.brokers.split(","), "security_protocol": self.security_protocol}
        if "SASL" in self.security_protocol:
            password = self.sasl_password.get_secret_value()
            found |= {"sasl_mechanism": self.sasl_mechanism, "sasl_plain_username": self.sasl_username, "sasl_plain_password": password}
        if (context := self.tls()) is not None:
            found["ssl_context"] = context
        return found

    def tls(self) -> ssl.SSLContext | None:
        """The TLS context for Kafka, where the protocol wants one. Raises SettingsError for files that can't be read."""
        if "SSL" not in self.security_protocol:
            return None
        try:
            context = ssl.create_default_context(cafile=self.ssl_cafile and str(self.ssl_cafile))
            context.check_hostname = self.ssl_check_hostname
            if self.ssl_certfile is not None:
                context.load_cert_chain(self.ssl_certfile, self.ssl_keyfile)
        except OSError as e:
            raise SettingsError(f"the certificates of NUDGELINE_SSL_* can't be read: {e}") from None
        return context

    def redis_client(self) -> dict[str, Any]:
        """Arguments of `redis.asyncio.Redis.from_url`, the URL included."""
        found: dict[str, Any] = {"url": self.redis_url}
        if self.redis_username:
            found["username"] = self.redis_username
        if password := self.redis_password.get_secret_value():
            found["password"] = password
        if self.redis_cafile is not None:
            found["ssl_ca_certs"] = str(self.redis_cafile)
        return found


def load(**given: Any) -> Settings:
    """The settings of the environment, with what is given standing above. Raises SettingsError, one line for each fault."""
    try:
        return Settings(**{k: v for k, v in given.items() if v is not None})
    except ValidationError as e:
        faults = [f"{PREFIX}{str(error['loc'][0]).upper()}: {error['msg']}" for error in e.errors()]
        raise SettingsError("; ".join(faults)) from None
    except ValueError as e:
        raise SettingsError(f"a {PREFIX}* setting can't be read: {e}; lists and mappings are written as JSON") from None


def reference() -> str:
    """docs/settings.md: every setting with its default and meaning."""
    lines = ["# Settings", "", "Read once from the environment. Made from `streams/settings.py`; `make docs` writes it anew.", ""]
    lines += ["| variable | default | meaning |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = "the catalogue" if name == "rules" else "" if isinstance(field.default, SecretStr) or field.default is None else json.dumps(field.default) if field.default and isinstance(field.default, dict) else field.default
        lines.append(f"| `{PREFIX}{name.upper()}` | {f'`{default}`' if str(default) else ''} | {field.description} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(reference())
