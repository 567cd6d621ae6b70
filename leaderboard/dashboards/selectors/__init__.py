"""What the read-only pages show, read from snapshots and made ready to be written down."""
