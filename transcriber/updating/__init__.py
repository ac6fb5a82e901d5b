"""A newer AppImage in the place of the one that runs: signed, and only what changed is fetched."""
