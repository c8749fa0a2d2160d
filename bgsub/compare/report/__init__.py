"""What one reads and sends on: the page, its charts, and the pictures in it."""
