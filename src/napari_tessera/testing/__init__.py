"""Planted tissues with known answers, and monitors that remember: for tests, demos and examples."""
