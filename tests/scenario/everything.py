"""A scenario that uses every key, for tests of whatever takes one."""

from pathlib import Path

from eiload.scenario import Scenario, parse

__all__ = ["ENVIRON", "EVERYTHING", "everything"]

EVERYTHING = """\
name: everything
seed: 7
targets:
  gpu: {server: "${GPU:-localhost}", model: ssd, price: 0.90 USD/h}
  ei:
    server: grpcs://ei.example.com:9000
    model: "${MODEL}"
    signature: detect
    version: 3
    input: pixels
    outputs: [detection_boxes, num_detections]
    deadline: 1.5 s
    ready_within: 2 min
    connections: ${CONNECTIONS:-4}
    balance: pick_first
    authority: ssd.example.com
    connect_timeout: 5 s
    max_connection_age: 5 min
    retry: none
    metadata: {x-token: "${TOKEN}"}
    compression: gzip
    keepalive: {every: 30 s, timeout: 5 s}
    tls: {server_name: ei}
    observe: {metrics: [":8501", "http://ei:9100"], gpu: ssh me@ei, host: local, every: 2 s,
      required: true}
    price: t2.medium + 0.12 USD/h
  emulated: {stand_in: eia1.medium, model: ssd, version_label: canary}
payload:
  synthetic: {width: 640, height: 427, count: 3, seed: 2}
  encoding: jpeg
  batch: 2
  expect: {labels: [dog, teddy bear], min_score: 0.25}
traffic:
  - {phase: warm-up, rate: 2/s, for: 20 s, warm_up: true}
  - {phase: steady, rate: 90/min, arrivals: constant, for: 10 min}
  - {phase: ramp, rate: {from: 0/s, to: 50/s}, for: 1 h}
  - {phase: burst, rate: {base: 8/s, burst: 30/s, burst_for: 2 s, every: 30 s}, for: 5 min}
  - {phase: users, users: 10, think: 1 s, for: 5 min}
  - {phase: bursty, rate: {steps: [5/s, 0/s, 20/s], each: 1 min}, for: 3 min,
     arrivals: {gamma: {cv: 3}}}
  - {phase: wave, rate: {sine: {mean: 8/s, amplitude: 4/s, period: 1 min}}, for: 2 min,
     arrivals: {weibull: {cv: 0.5}}}
  - {phase: points, rate: {points: [[0 s, 5/s], [1 min, 40/s]]}, for: 1 min,
     arrivals: {batch: {size: 8}}}
  - {phase: jumps, rate: {markov: {calm: 5/s, busy: 40/s, calm_for: 1 min, busy_for: 5 s}},
     for: 1 min, arrivals: {batch: {size: 2, arrivals: constant}}}
  - {phase: pause, rate: 0/s, for: 5 s}
objectives:
  - p99<400ms
  - {target: ei, phase: steady, objective: service p99.9 <= 0.9 s}
  - errors < 0.1 %
  - throughput >= 90/min
  - agreement >= 99 %
compare: {baseline: gpu, candidate: ei, margin: 5 %, headline: p95, quantiles: [p99, p50, p50]}
max_in_flight: 64
max_in_flight_bytes: 256 MB
sample: 10
"""
ENVIRON = {"MODEL": "ssdresnet", "TOKEN": "s3cret", "GPU": ""}


def everything() -> Scenario:
    """Return a scenario with every key."""
    return parse(EVERYTHING, "all.yaml", Path("/base"), ENVIRON)
