"""A run's numbers, given to others while it goes on: Prometheus asks for them, OTLP brings them.

In the order of the data's way:

- `totals`: counted as workers report, cumulative, in our own buckets
- `exponential`: those buckets as others have them
- `observed`: what was measured of each objective so far, as a number
- `metrics`: all of it at a moment, under the names that others know; `since` another moment
- `prometheus` (with `native`, its protobuf form) and `otlp`: such a moment as bytes
- `collector`: where OTLP's bytes go

Points are made of our own buckets when somebody asks, or once an interval, never per request. What
it must not know: Locust, how a run is conducted. Nothing here judges.
"""
