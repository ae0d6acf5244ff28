"""Long work: started by a service, done by a worker, followed by whoever waits for it.

**Once.** A job is claimed by one conditional update. Its worker shows that it lives with every `report`; one
that is killed is silent, and after `Job.ABANDONED` another worker takes the job over and begins it again, so
work must be safe to begin again. A worker that was only slow finds at its next `report` that the job is no
longer its own, and stops.

**Followed.** `job.updated` goes to the person's own stream, at most once in `TOLD_EVERY` seconds; the row has
the same.
"""
