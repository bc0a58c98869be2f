"""Vendors' callbacks: size first, then proof of origin over the raw bytes, then the inbox, then
the answer. Nothing is parsed here, and nothing that failed a step reaches the next one.

``reception`` is what both ways to serve them share: ``view`` is Django's, for any server; ``asgi``
answers before Django is reached, and lets calls that come at the same time share a commit.
"""
