"""Records of a run → what people read: one file for each form."""
