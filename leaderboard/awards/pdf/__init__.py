"""Looking at PDFs that may be hostile, in a process of its own. Knows no Django: that process starts without."""
