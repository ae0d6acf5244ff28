"""Times on pages: the same width everywhere, sorted as they read, never broken over two lines."""

DATETIME_FORMAT = "Y-m-d\xa0H:i"
DATE_FORMAT = "Y-m-d"
