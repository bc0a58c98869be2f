"""Bandwidth as the tests have it: its APIs at their own addresses, and its calls to us."""
