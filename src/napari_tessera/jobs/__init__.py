"""Any unit of work in the background: child process or thread; progress, stop, checkpoint."""
