"""What goes wrong on purpose: killed processes, restarts, cancels, full and absent disks."""
