"""The sound of this machine, as it comes: what there is to record, and recording it.

All sound is raw: signed 16-bit samples in the order of this machine, at 16 kHz, in one channel.
"""
