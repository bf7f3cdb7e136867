"""Read, solve, write: the only room that knows both data and methods."""
