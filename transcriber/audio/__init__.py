"""Reading recordings of any kind through ffmpeg, under limits and with plain messages."""
