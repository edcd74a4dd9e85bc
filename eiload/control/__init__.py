"""One run on any number of processes: prepare, feed, tally, report, take over, end."""
