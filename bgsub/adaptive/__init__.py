"""The default model: a mixture per pixel, and the few things around it that real scenes need."""
