"""Mail that must work without anything above: queued in the transaction, sent by a task, never lost."""
