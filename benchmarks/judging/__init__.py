"""Judge what was measured by budgets and history, and keep it."""
