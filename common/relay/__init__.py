"""The outbox: what stands in the log reaches its consumers, however often a worker dies.

The log's own rows are the outbox, so that nothing more is written for a change. Each consumer has a cursor
into it, which moves in the transaction of what the consumer does: in the database that is done once.
"""
