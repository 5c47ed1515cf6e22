"""The batch lane: Faust with a fetched partition batch as one event. Agents, channels, tables, assignor and recovery stay Faust's.

Private methods of faust-streaming 0.15.3 are overridden here and nowhere else; `tests/streams/test_lane_contract.py` holds their signatures.
"""
