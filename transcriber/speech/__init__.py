"""Where in a recording somebody speaks, and where it is cut into windows."""
