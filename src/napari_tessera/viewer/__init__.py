"""Results to napari layer tuples, colours and legends: pure functions, no napari and no Qt."""
