"""Simulators and scores against a known truth."""
