"""COME: a contrastive map between cells and spots."""
