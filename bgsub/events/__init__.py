"""When something moved: motion that starts and ends, by zone, and the lines that tell of it."""
