"""The host project's settings, as the tests and the type checker use them."""

import atexit
import os
import shutil
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
    # A file, for only there threads with connections of their own wait for each other; in a folder
    # of its own, for two runs at once, and because SQLite may leave its log beside it.
    folder = tempfile.mkdtemp(prefix="service_vendors_test_")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    DATABASES["default"]["TEST"] = {"NAME": str(Path(folder) / "test.sqlite3")}
