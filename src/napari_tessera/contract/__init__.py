"""The words everybody uses: frozen types, protocols and errors. numpy and scipy only."""
