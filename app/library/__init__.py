"""The folder of finalized files, its index, and the watcher that keeps the two alike."""
