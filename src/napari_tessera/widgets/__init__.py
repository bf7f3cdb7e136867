"""The window: docks, canvas, and the one file where threads meet Qt."""
