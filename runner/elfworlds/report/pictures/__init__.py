"""Pictures of a run: link namespaces, and outcomes over two axes; first as values, then as SVG."""
