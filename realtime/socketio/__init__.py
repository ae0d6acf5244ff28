"""Socket.IO 4 clients on the sockets of the house: their words are turned into those of a native client.

`engine.py` is the connection below (Engine.IO 4), `doors.py` its two transports, `packets.py` what is said
over it (Socket.IO 5), and `visit.py` hands that to a `LiveConsumer`, which knows of none of this.
"""
