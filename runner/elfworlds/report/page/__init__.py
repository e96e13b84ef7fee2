"""report.html: one file that shows a whole run. It needs no network, and its summary needs no script."""

from elfworlds.report.page.page import page

__all__ = ["page"]
