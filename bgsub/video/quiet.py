"""Keep OpenCV and FFmpeg from printing to stderr.

Both report from C on whatever they meet, past Python's streams and in words that do not say what to do. Our own
errors say it, so theirs are turned off, unless the user has asked for them with the same environment variables.
Importing this module does it; it must come before the first video is opened, and best before cv2 is imported.
"""

import os

_USER_DECIDES = "OPENCV_LOG_LEVEL" in os.environ

os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # AV_LOG_QUIET

import cv2  # noqa: E402  (the variables must be set before it loads)

# Where cv2 was imported before us it has read its variable already. Some versions lack this module.
if not _USER_DECIDES and hasattr(cv2, "utils") and hasattr(cv2.utils, "logging"):
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
