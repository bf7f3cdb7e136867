"""Why here: attribution of placements to genes, groups of cells, rank tests and trends."""
