"""Spreadsheets in, typed rows and problems out: read -> recognise -> clean. Nothing here knows a rule."""
