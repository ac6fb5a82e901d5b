"""Run Whisper on stock PyTorch and note which part of PyTorch it uses."""
