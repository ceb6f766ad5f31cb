"""Speed, measured side by side with a named peer in the same run: `python tasks.py bench`. What is measured stands in docs/performance.md."""
