"""Long work: pieces of it in processes side by side, and what they leave on the disk whole, whatever happens."""
