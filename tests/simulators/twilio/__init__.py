"""Twilio as the tests have it: its API at its own addresses, and its calls to us."""
