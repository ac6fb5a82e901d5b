"""Where the native module puts classes of sparse tensors."""
