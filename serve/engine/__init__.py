"""Parts of the embedded engine; serve/embedded.py is its program."""
