"""Who a partner is right now: facts, windows, features, membership. Pure: time comes in as an argument."""
