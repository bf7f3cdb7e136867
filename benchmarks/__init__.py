"""Benchmarks, run by asv: time, memory, accuracy."""
