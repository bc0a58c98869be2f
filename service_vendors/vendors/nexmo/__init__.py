"""Vonage, once called Nexmo: texts through its SMS API, pictures through its Messages API.

``vendor`` is what the program uses. Vonage's own SDK is not: it posts a text up to ten times when
the other side hangs up.
"""
