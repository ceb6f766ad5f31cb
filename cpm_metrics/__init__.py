"""Care Planning Meetings: from spreadsheets to what is due, late or drifting, child by child.

The layers, each importing only those before it (enforced by tests/test_layers.py):
errors -> settings -> extracts -> store -> rules, indicators -> engine -> views -> charts, export -> command line.
Nothing in here imports Streamlit.
"""

__version__ = "0.1.0"
