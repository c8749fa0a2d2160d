"""Changes of clips, so that they are as other ones: other cameras, other light, other scenes."""
