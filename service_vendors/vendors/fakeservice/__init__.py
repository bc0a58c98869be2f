"""A vendor that texts nobody: for development, for tests, and to copy when writing a real one.

``vendor`` is what the program uses, with ``api`` (the company's protocol), ``webhooks`` (what the
company calls), ``errors`` (its codes in words), ``forms`` (its settings) and ``contract`` (how the
contract tests reach a stand-in). ``server`` is the company itself; a copy for a real company
throws it away, and with it the handset.
"""
