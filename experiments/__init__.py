"""Did it help: who gets a nudge and who is only watched. Pure."""
