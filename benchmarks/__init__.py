"""How fast the engine is on this machine, beside what the machine itself can do.

``python -m benchmarks`` runs everything; ``docs/performance.md`` says how to read what it prints.
"""
