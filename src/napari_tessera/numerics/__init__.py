"""Shared numerical tools: torch and numpy, no stores, no Qt."""
