"""Records of a run → what people read; one module for each form."""
