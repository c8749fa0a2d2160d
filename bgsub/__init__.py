"""Real-time video background subtraction with an open Gaussian mixture per pixel."""
