"""Text an organization's contacts over interchangeable SMS/MMS vendors."""

__version__ = "0.1.0"
