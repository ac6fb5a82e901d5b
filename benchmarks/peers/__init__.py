"""The programs that ours is compared with: their weights, and how each is started."""
