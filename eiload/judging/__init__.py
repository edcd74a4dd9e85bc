"""Verdicts: statistics, health, objectives, comparisons, cost, the exit status."""
