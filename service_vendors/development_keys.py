"""Keys for trying things out on one's own machine. Everyone who reads this file knows them.

The host project falls back to them with DEBUG on; the system checks refuse them with DEBUG off.
Nothing is imported here, so that a settings module can read this file.
"""

from typing import Final

SECRET_KEY: Final = "development-only-secret-key-that-everyone-knows-0123456789"  # noqa: S105
FIELD_ENCRYPTION_KEY: Final = "ZGV2ZWxvcG1lbnQtb25seS1maWVsZC1lbmNyeXB0LWs="
