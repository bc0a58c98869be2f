"""The host project's settings, as the tests and the type checker use them."""

import os
import tempfile
from pathlib import Path

os.environ["DEBUG"] = "on"

from spoke_project.settings import *  # noqa: F403
from spoke_project.settings import DATABASES

# Tests log in often; the slow hash protects nobody here.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# Static files are read where they are: no test waits for collectstatic.
WHITENOISE_AUTOREFRESH = True

if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A file, for threads with connections of their own wait for each other only there; a name of
    # its own, for two runs in one tree.
    DATABASES["default"]["TEST"] = {
        "NAME": str(Path(tempfile.gettempdir()) / f"service_vendors_test_{os.getpid()}.sqlite3")
    }
