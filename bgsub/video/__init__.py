"""Sources, sinks and what runs between them: the only reader and writer of video."""

from . import quiet as quiet  # first of all: OpenCV reads its log levels when it is loaded
