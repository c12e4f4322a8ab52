"""Where ``pylance`` keeps what it no longer recommends."""
