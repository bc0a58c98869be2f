"""A stand-in of Vonage, at Vonage's own addresses."""
