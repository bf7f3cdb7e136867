"""Partitions of a section in several views and at several widths, and the one in the middle."""
