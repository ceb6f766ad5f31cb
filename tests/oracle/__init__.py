"""A second, independent implementation of PRACTICE_RULES.md in plain Python, for tests only. See NOTES.md."""
