"""What was measured: counts, the ledger, the journal, a run and its file."""
