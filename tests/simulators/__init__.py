"""Local stand-ins of vendors' companies, spoken to by the real SDKs over real sockets."""
