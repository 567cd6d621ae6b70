"""A hospital's worker: takes signed orders, runs and scores them on the spot, and sends signed numbers back."""
