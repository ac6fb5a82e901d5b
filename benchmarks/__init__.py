"""Measure the product, compare it with others, and judge it against its budgets."""
