"""Short-lived child processes: everything that touches strangers' bytes runs in one."""
