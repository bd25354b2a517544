"""The lives of connections: their states, what moves them, and how the API shows them."""
