"""Bandwidth: texts, numbers and lookups through its HTTP APIs.

``vendor`` is what the program uses: ``messaging``, ``numbers`` (with ``orders``), ``applications``,
``lookups`` and ``setup`` are its parts, ``webhooks`` what Bandwidth calls. They speak through
``api``, which proves who asks (``oauth``) and reads and writes XML (``markup``).
"""
