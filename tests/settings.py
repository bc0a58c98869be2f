"""The host project's settings, as the tests and the type checker use them."""

import atexit
import os
import tempfile
from pathlib import Path

os.environ["DEBUG"] = "on"

from spoke_project.settings import *  # noqa: F403
from spoke_project.settings import DATABASES

# Tests log in often; the slow hash protects nobody here.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# Numbers of tests send as fast as they can; tests of the limits set their own.
SEND_RATE_ACCOUNT = SEND_RATE_LONG_CODE = SEND_RATE_TOLL_FREE = 1_000_000.0
SEND_RATE_SHORT_CODE = SEND_RATE_ALPHANUMERIC = SEND_RATE_POOL = 1_000_000.0

# Static files are read where they are: no test waits for collectstatic.
WHITENOISE_AUTOREFRESH = True

if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A file, for only there threads with connections of their own wait for each other; a name of
    # its own, for two runs at once.
    test_database = Path(tempfile.gettempdir()) / f"service_vendors_test_{os.getpid()}.sqlite3"
    DATABASES["default"]["TEST"] = {"NAME": str(test_database)}

    # Django removes the file, but not the log that SQLite keeps beside it while a thread reads.
    @atexit.register
    def _remove_the_log() -> None:
        for log in test_database.parent.glob(f"{test_database.name}-*"):
            log.unlink(missing_ok=True)
