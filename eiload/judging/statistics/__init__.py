"""What can be told from the seconds of a run: blocks, shares, shifts, and how many are needed."""
