"""Show what was measured: on a screen, as tables, plots and one page."""
