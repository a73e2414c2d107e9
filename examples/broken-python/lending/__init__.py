"""The lending desk of a small public library."""
