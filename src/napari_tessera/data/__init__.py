"""SpatialData and AnnData, in and out: reading, the input gate, preparing, crash-safe writing."""
