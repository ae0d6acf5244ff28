"""The outbox: what is in the log reaches its consumers, however often a worker dies. The log IS the outbox."""
