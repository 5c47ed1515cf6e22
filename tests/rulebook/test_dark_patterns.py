"""What presses is found in each language, and what only informs is not."""

import pytest

from rulebook.loader import read_text

RULE = """version: 1
owner: tests
nudges:
  n:
    trigger: {trigger}
    send: text
    kind: {kind}
    cooldown: 1d
    priority: 10
    mode: shadow
{more}messages:
  text: {{en: {{title: Hello, body: A word.}}, {lang}: {{title: Hello, body: "{body}"}}}}
"""
DARK = {"W443", "W447", "W448", "W449"}


def codes(trigger="{happens: logged_in}", kind="tip", body="A word.", lang="kn", more=""):
    text = RULE.format(trigger=trigger, kind=kind, body=body, lang=lang, more="".join(f"    {line}\n" for line in more.splitlines()))
    if lang == "en":
        text = text.replace("en: {title: Hello, body: A word.}, ", "")
    return {f.code for f in read_text(text)[1]} & DARK


@pytest.mark.parametrize(
    ("code", "lang", "body"),
    [
        ("W443", "en", "You are close. Are you sure you want to go offline?"), ("W443", "hi", "अभी लॉग आउट न करें।"), ("W443", "hi", "ऑनलाइन बने रहें।"), ("W443", "kn", "ಈಗ ಲಾಗ್ ಔಟ್ ಮಾಡಬೇಡಿ."),
        ("W447", "en", "Now or never"), ("W447", "en", "Only {n} seats left"), ("W447", "en", "Hurry to the market"), ("W447", "hi", "आख़िरी मौक़ा"), ("W447", "hi", "आखिरी मौका"), ("W447", "hi", "आ\u0959िरी मौ\u0958ा"),
        ("W447", "hi", "जल्दी करें"), ("W447", "hi", "सिर्फ़ 3 सीटें बची हैं"), ("W447", "kn", "ಕೊನೆಯ ಅವಕಾಶ"), ("W447", "kn", "ತಡ ಮಾಡಬೇಡಿ"),
        ("W448", "en", "You will lose your level"), ("W448", "en", "Don't be lazy"), ("W448", "en", "Everyone else is out there"), ("W448", "hi", "आप बोनस खो देंगे"), ("W448", "hi", "आप पीछे रह जाएँगे"),
        ("W448", "kn", "ಸೋಮಾರಿಯಾಗಬೇಡಿ"), ("W449", "en", "You can't turn this off"), ("W449", "hi", "इसे बंद नहीं कर सकते"), ("W449", "kn", "ಇದನ್ನು ನಿಲ್ಲಿಸಲು ಸಾಧ್ಯವಿಲ್ಲ"),
    ],
)  # fmt: skip
def test_words_that_press_are_found(code, lang, body):
    args = "args: {n: orders_delivered_today}" if "{n}" in body else ""
    assert codes(lang=lang, body=body, more=args) == {code}


@pytest.mark.parametrize(
    ("lang", "body"),
    [
        ("en", "No hurry: the order is not ready"), ("en", "A few minutes are left"), ("en", "{n} more and you have reached 12"), ("en", "You can turn these off"),
        ("en", "Keep going straight"), ("en", "Orders come quickly at noon"), ("hi", "दोपहर में ऑर्डर जल्दी मिलते हैं।"), ("hi", "मौका मिले तो देखें"), ("hi", "आज {n} ऑर्डर हुए"),
        ("kn", "ಆರ್ಡರ್ ಬೇಗ ಸಿಗುತ್ತದೆ."), ("kn", "ಇಂದು {n} ಆರ್ಡರ್"),
    ],
)  # fmt: skip
def test_words_that_inform_are_not(lang, body):
    assert codes(lang=lang, body=body, more="args: {n: orders_delivered_today}") == set()


@pytest.mark.parametrize("more", ["seats: 3", "valid_for: 30m", "expires: 2027-01-31", "offer: {bonus: 40 INR, valid: 2h, budget: 50000 INR per 1d}"])
def test_what_ends_or_is_for_a_few_may_say_so(more):
    assert codes(lang="en", body="Only 3 seats left", more=more) == set()


def test_nobody_who_rides_is_told_to_hurry_whatever_ends():
    assert codes(lang="en", body="Hurry, 3 seats", more="seats: 3") == {"W447"}


OFF = ["{happens: logged_out}", "{sequence: [{happens: order_delivered}, {happens: logged_out}], within: 10m}", "{holds: not online, for: 5m}"]


@pytest.mark.parametrize("trigger", OFF)
@pytest.mark.parametrize("press", ["if: earnings_today > 700", "args: {n: sum(earning_posted.amount over today)}", "offer: {bonus: 40 INR, valid: 2h, budget: 50000 INR per 1d}", "clears: {when: online, within: 30m}"])
def test_who_logs_off_is_not_pressed_to_go_on(trigger, press):
    assert codes(trigger, more=press) == {"W443"}


@pytest.mark.parametrize("trigger", OFF)
def test_who_logs_off_may_be_thanked(trigger):
    assert codes(trigger) == set()


def test_who_has_been_off_may_be_asked_back_but_not_with_a_target():
    gone = "{holds: not online and tenure > 7d, for: 10m}"
    assert codes(gone, "incentive", more="clears: {when: online, within: 30m}") == set()
    assert codes(gone, more="if: earnings_today > 700") == {"W443"}


def test_a_target_may_be_told_to_who_is_at_work():
    assert codes("{happens: order_delivered}", more="if: orders_delivered_today == 10") == set()


def test_a_log_off_is_seen_through_patterns_and_segments():
    rules = RULE.format(trigger="{enters: gone}", kind="incentive", body="A word.", lang="kn", more="")
    assert "W443" in {f.code for f in read_text(rules + "segments:\n  gone: {when: not online}\n")[1]}
    rules = RULE.format(trigger="{happens: left}", kind="incentive", body="A word.", lang="kn", more="")
    assert "W443" in {f.code for f in read_text(rules + "patterns:\n  left: {happens: logged_out}\n")[1]}


@pytest.mark.parametrize("event", ["opted_out", "nudge_dismissed"])
def test_who_said_no_is_not_asked_again(event):
    assert codes(f"{{happens: {event}}}") == {"W449"}


def test_what_presses_can_be_snoozed():
    text = RULE.format(trigger="{happens: opted_out} # allow W449 until 2099-01-01", kind="tip", body="A word.", lang="kn", more="")
    assert [f.code for f in read_text(text)[1] if f.code in DARK] == []
