"""What a run saw, drawn: link namespaces, and outcomes over two axes; as values first, then as SVG."""
