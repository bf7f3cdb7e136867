"""The command line: light to start, and the same verbs as the Python door."""
