"""What is found while rules are read: a title, what to do, and the smallest file that shows it, for each code. The linter's own are in `checks/`."""

from __future__ import annotations

from typing import NamedTuple


class Code(NamedTuple):
    """One code of a fault that blocks (E) or warns (W). `bad`: a rule file that shows it."""

    code: str
    title: str
    advice: str
    bad: str


_SEGMENT = "version: 1\nsegments:\n  s: {{when: {0}}}\n"
_NUDGE = """version: 1
nudges:
  n:
    trigger: {trigger}
    send: text
    kind: tip
    cooldown: {cooldown}
    priority: 10
    mode: shadow
{more}messages:
  text: {{en: {{title: Hello, body: A word.}}}}
"""


def _segment(when: str) -> str:
    return _SEGMENT.format(when)


def _nudge(trigger: str = "{happens: logged_in}", cooldown: str = "1d", more: str = "") -> str:
    return _NUDGE.format(trigger=trigger, cooldown=cooldown, more=more)


def _test(line: str, more: str = "") -> str:
    return f"version: 1\nsegments:\n  s: {{when: online}}\ntests:\n  - name: t\n{more}    timeline:\n      - {line}\n"


CODES: tuple[Code, ...] = (
    Code("E101", "The file can't be read as YAML.", "It has to be UTF-8 text, indented by spaces, of at most a million characters.", "version: 1\nsegments: [\n"),
    Code("E102", "The file is no rule file.", "It begins with `version: 1` and has sections below.", "- version: 1\n"),
    Code("E103", "Nested too deeply, or too many values.", "Aliases count each time they are used. Write it flatter.", "version: " + "[" * 60 + "]" * 60 + "\n"),
    Code("E104", "A key that is no plain text.", "Keys are names; merge keys (`<<`) are not read.", "version: 1\n? [a]\n: 1\n"),
    Code("E105", "A key stands twice.", "YAML would keep the last one without a word. Remove one.", "version: 1\nsegments:\n  s: {when: online}\n  s: {when: on_order}\n"),
    Code("E110", "An expression is empty.", "Write a condition, or leave the key out.", _segment('""')),
    Code("E111", "Something else should stand here.", "The expression ends too early, or a word is where it can't be.", _segment("online and")),
    Code("E112", "An expression is nested too deeply, or too long.", "Name parts of it as segments.", _segment("(" * 200 + "online" + ")" * 200)),
    Code("E113", "Comparisons do not chain.", "Write `a > 1 and a < 5`.", _segment("1 < speed < 5")),
    Code("E114", "A list holds only values.", "`x in (a | b)` takes constants.", _segment("zone in (a | online_today)").replace("online_today", "(b)")),
    Code("E115", "Only a number can be negative.", "Leave the minus out.", _segment("speed > -online")),
    Code("E116", "No time of day.", "Write `17:30`.", _segment("local_time() > 25:10")),
    Code("E117", "Unknown unit.", "`s m h d w` for time, `km` for distance, `%`, or an ISO 4217 code for money.", _segment("speed > 3knots")),
    Code("E118", "A dot where none can be.", "Only `segment.NAME` has one, and `EVENT.FIELD` in an aggregate.", _segment("partner.online")),
    Code("E119", "No window.", "Write `20m`, `28d`, `session`, `today`, `life` or `last 50`.", _segment("count(order_rejected over soon) > 1")),
    Code("E120", "`cohort_pct` ranks a metric over a window.", "Write `cohort_pct(acceptance_rate(2h) by zone)`.", _segment("cohort_pct(online by zone) > 10%")),
    Code("E121", "A name is missing between the brackets.", "Write `completed(MODULE)`, `distance_to(PLACES)`.", _segment("completed(3)")),
    Code("E122", "A number that is too large.", "The largest is a one with fifteen zeros.", _segment("speed < " + "9" * 400)),
    Code("E200", "Unknown key.", "See docs/rules.md for what a rule can say.", "version: 1\nsegments:\n  s: {when: online, colour: red}\n"),
    Code("E201", "Unknown name.", "The event, field, metric, segment, message, module or place is not there; the nearest one is told.", _segment("onlin")),
    Code("E202", "A key is missing.", "It can't do without.", "segments:\n  s: {when: online}\n"),
    Code("E203", "Another shape is needed.", "A single value, a list, or names with values under them.", "version: 1\nsegments: [s]\n"),
    Code("E204", "A value that can't be read.", "The help shows how it is written.", _nudge(cooldown="soon")),
    Code("E205", "Not one of the words that are possible.", "They are listed.", _nudge(more="    days: [someday]\n")),
    Code("E210", "A trigger of several kinds, or of none.", "Exactly one of happens, sequence, holds, enters, exits.", _nudge(trigger="{where: online}")),
    Code("E211", "`times`, `within` and `in_a_row` do not fit.", "`times: 3` needs `within: 20m` or `in_a_row: true`, not both.", _nudge(trigger="{happens: order_rejected, times: 3}")),
    Code("E212", "`without` and `for` do not fit.", "Silence has an event that did not come, and a time to wait.", _nudge(trigger="{happens: order_accepted, without: order_picked_up}")),
    Code("E213", "No sequence.", "At least two steps `{happens: EVENT}`.", _nudge(trigger="{sequence: [{happens: logged_in}], within: 1h}")),
    Code("E220", "No places under a name.", "Give at least one.", "version: 1\nplaces:\n  hotspots: []\n"),
    Code("E221", "A place has a point or a ring.", "`at: [lat, lon]`, or `ring:` with three corners or more.", "version: 1\nplaces:\n  hotspots: [{name: A}]\n"),
    Code("E222", "A position that is none.", "`[lat, lon]` in degrees, latitude first.", "version: 1\nplaces:\n  hotspots: [{name: A, at: [120, 77]}]\n"),
    Code("E223", "A metric has a ratio or a value.", "A value is one aggregate without a window: that comes with each use.", "version: 1\nmetrics:\n  m: {min_samples: 5}\n"),
    Code("E225", "A metric is made of itself.", "Its `where` reads a metric that leads back to it. Say there what is meant itself.", "version: 1\nmetrics:\n  m: {value: count(order_accepted where m(2h) > 3)}\n"),
    Code("E224", "A segment has `when` or `enter`.", "One of them.", "version: 1\nsegments:\n  s: {title: S}\n"),
    Code("E230", "Two currencies in one offer.", "Bonus and budget are in the same.", _nudge(more="    offer: {bonus: 40 INR, budget: 100 EUR per 1d}\n")),
    Code("E231", "A message without a language.", "Add `en: {title: ..., body: ...}`.", "version: 1\nmessages:\n  m: {}\n"),
    Code("E232", "No code of a language.", "Two or three small letters of ISO 639, with a region where it matters: `hi`, `bho`, `pt-BR`.", "version: 1\nmessages:\n  m: {English: {title: Hello, body: A word.}}\n"),
    Code("E233", "A hole that nothing fills.", "Add `args: {HOLE: EXPR}` to the nudge, or name a field that is known of every partner.", _nudge().replace("A word.", '"{colour}"')),
    Code("E234", "`seats` is a number.", "How many partners may have the nudge at once.", _nudge(more="    seats: online\n")),
    Code("E240", "Another version of the language.", "This is version 1.", "version: 7\n"),
    Code("E241", "Defined twice.", "One definition for each name, in all files together.", "version: 1\npolicy: {caps: [1 per 20m]}\n"),
    Code("E242", "No name.", "Letters, digits and `_`, a letter first; a pattern is named as no event is.", "version: 1\nsegments:\n  new-here: {when: online}\n"),
    Code("E250", "No line of a timeline.", "`at:` and one event, or `expect:`.", _test("{at: 1m}")),
    Code("E251", "No time of a timeline.", "`15m`, or `1m..10m every 1m`.", _test("{at: soon, logged_in: {}}")),
    Code("E252", "An `expect` that expects nothing in particular.", "`nothing`, or `{nudge: NAME}`, `{enters: SEGMENT}`, ...", _test("{at: 1m, expect: {lang: en}}")),
    Code("E253", "`given` takes values.", '`given: {"acceptance_rate(28d)": 90%}`.', _test("{at: 1m, expect: nothing}", "    given: {tenure: speed}\n")),
    Code("E254", "The partner or the start of a test can't be read.", "`start` is a local date and time, `tenure` a duration.", _test("{at: 1m, expect: nothing}", "    start: noon\n")),
    Code("E255", "A value that the event refuses.", "The contract says what an event's fields take: docs/events.md.", _test("{at: 1m, rating_received: {stars: 9}}")),
    Code("E256", "A detail of something else.", "`lang` and `says` say more of a `nudge`, `why` of what is `held`; nothing else has them.", _test("{at: 1m, expect: {enters: s, why: cooldown}}")),
    Code("E301", "Two units that do not compare.", "Distances are km, a bare `m` is minutes.", _segment("distance_to(a) < 500m").replace("segments:", "places:\n  a: [{name: A, at: [12.9, 77.6]}]\nsegments:")),
    Code("E302", "Text is not ordered.", "Use `==`, `!=` or `in (a | b)`.", _segment('city > "a"')),
    Code("E303", "What grows with time is compared with a constant only.", "So that the moment of change is known: `tenure < 30d`.", _segment("tenure < 2 * online_today")),
    Code("E304", "A value that the field never has.", "The possible ones are listed.", _segment('zone_demand == "huge"')),
    Code("E305", "No arithmetic with that.", "`+ -` of the same unit, `*` and `/` by a constant.", _segment("city + 1 > 2")),
    Code("E306", "A value that cannot be.", "A share is at most 100 %; beside one, 60 is not 60 %.", _segment("cohort_pct(a(2h) by zone) < 150%").replace("segments:", "metrics:\n  a: {ratio: {of: order_accepted, to: [order_accepted, order_rejected]}}\nsegments:")),
    Code("E310", "A condition is needed.", "Something that is true or false: compare it.", _segment("speed")),
    Code("E311", "The window is missing.", "Add `over 2h`, `over today` or `over life`.", _segment("count(order_rejected) > 3")),
    Code("E312", "The function does not fit the field.", "`count` takes none, `sum` and `avg` take numbers.", _segment("sum(order_rejected.reason over 2h) > 3")),
    Code("E313", "A function takes a name.", "`distance_to(PLACES)`, `used(FEATURE)`.", _segment("completed()")),
    Code("E314", "A ratio over `last N` of events that are not among those it is of.", "Over `last 20` it is the share of `of` among the newest 20 events of `to`: each event of `of` has to be one of `to`. Over a time, the two are counted apart.", _segment("done(last 20) < 50%").replace("segments:", "metrics:\n  done: {ratio: {of: order_delivered, to: order_accepted}}\nsegments:")),
    Code("W292", "A language that is not known.", "Its code has the right form; partners have it in their profile, or it is misspelled.", "version: 1\nmessages:\n  m: {zzz: {title: Hello, body: A word.}}\n"),
    Code("W293", "A snooze that allows nothing.", "It names a warning and the day until which it is allowed: `# allow W432 until 2026-12-01`.", "version: 1 # allow W401 until soon\n"),
    Code("W291", "A file of the folder that is no rule file.", "Neither `version: 1` nor a section of rules is in it, so it is left out. A file that is given by name is always read.", "services: {web: {image: nginx}}\n"),
)  # fmt: skip
