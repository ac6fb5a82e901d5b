"""From log-mel windows to segments: the loop over a recording and the model that decodes it."""
