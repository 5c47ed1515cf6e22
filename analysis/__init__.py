"""Taps, reports and watching: what analysts use."""
