"""What the synthetic clips are drawn with: see clips.py for the clips themselves."""
