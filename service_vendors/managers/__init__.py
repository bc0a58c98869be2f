"""Service managers: optional hooks that decide about sends, reports and campaigns."""
