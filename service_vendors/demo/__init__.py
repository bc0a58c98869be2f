"""The demo: the whole program in one process, with nothing to install and nobody texted.

``environment`` points this process at its own data, ``seed`` fills it, ``runtime`` runs what
production runs in processes of their own: the site, a worker, the sweeper.
"""
