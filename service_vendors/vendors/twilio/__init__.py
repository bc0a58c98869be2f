"""Twilio: texts, numbers and lookups through its official SDK."""
