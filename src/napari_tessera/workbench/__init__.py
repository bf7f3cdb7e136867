"""What one open viewer is doing: tissue, selection, jobs, runs. Evented, and knows no Qt."""
