"""Draw the synthetic clips of videos/ with their exact ground truth."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import cv2

sys.path.insert(0, str(Path(__file__).resolve().parent))
from scenes.clips import CLIPS, Clip

RATE = 25.0
HOME = Path(__file__).resolve().parents[1] / "videos"
EXAMPLE = """\
example:
  python scripts/make_videos.py waving_tree shadow -o /tmp/clips
"""
README = """\
# Synthetic clips

Small clips with exact ground truth, each made to break one thing. They are drawn by
`python scripts/make_videos.py`, this table too; the drawing is seeded, so every run gives the same pixels.

| clip | frames | scored | size | rate | made to break | what the truth says |
|---|---|---|---|---|---|---|
{rows}

Each folder holds `input.mp4` (MPEG-4, which lets most of the noise through), `groundtruth.mkv`
(FFV1, lossless, one channel) and `temporalROI.txt` (first and last scored frame, counted
from 1, both included). The frames before are for learning.

## The truth
The script knows every outline, so the labels are those of the drawing and nobody's judgement. They are
changedetection.net's:

| label | meaning | rule |
|---|---|---|
| 255 | moving | objects cover the whole pixel (all 16 samples of it) |
| 170 | unknown, not scored | objects cover a part of the pixel: the anti-aliased edge, one to two pixels wide |
| 50 | hard shadow | no object, and the cast shadow is at least half as dark as its core (`shadow` only) |
| 0 | static | everything else |

Trees, light, noise and the camera's own motion are background. The input went through a lossy encoder, the
truth did not.
"""


def draw_clip(clip: Clip, folder: Path) -> int:
    """Write one clip's input, truth and scored range; return the bytes written."""
    folder.mkdir(parents=True, exist_ok=True)
    files = folder / "input.mp4", folder / "groundtruth.mkv", folder / "temporalROI.txt"
    picture, truth = open_writer(files[0], clip, "mp4v"), open_writer(files[1], clip, "FFV1")
    try:
        for image, labels in clip.film():
            picture.write(image)
            truth.write(labels)
    finally:
        picture.release()
        truth.release()
    files[2].write_text("{} {}\n".format(*clip.scored))
    return sum(file.stat().st_size for file in files)


def open_writer(path: Path, clip: Clip, codec: str) -> cv2.VideoWriter:
    """Open a video file for a clip; OSError if this OpenCV has no such encoder."""
    fourcc, size = cv2.VideoWriter_fourcc(*codec), (clip.cols, clip.rows)
    colour = [cv2.VIDEOWRITER_PROP_IS_COLOR, int(codec != "FFV1")]
    writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, fourcc, RATE, size, colour)
    if not writer.isOpened():
        raise OSError(f"cannot write {path}: this OpenCV has no {codec} encoder, or the folder is read-only")
    return writer


def table_row(clip: Clip) -> str:
    """One line of the README's table."""
    first, last = clip.scored
    cells = (
        f"`{clip.name}`",
        clip.frames,
        f"{first}–{last}",
        f"{clip.cols}×{clip.rows}",
        f"{RATE:g}/s",
        clip.breaks,
        clip.truth,
    )
    return f"| {' | '.join(map(str, cells))} |"


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, epilog=EXAMPLE, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="clips to draw (default: all)")
    parser.add_argument("-o", "--output", type=Path, default=HOME, metavar="DIR", help="default: videos/")
    parser.add_argument("--list", action="store_true", help="print the names and what they break, draw nothing")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Draw the clips asked for; return the exit code."""
    args = parse(argv)
    if args.list:
        for clip in CLIPS:
            print(f"{clip.name:14} {clip.breaks}")
        return 0
    known = {clip.name: clip for clip in CLIPS}
    unknown = [name for name in args.names if name not in known]
    if unknown:
        print(f"make_videos: no clip called {', '.join(unknown)}; there are {', '.join(known)}", file=sys.stderr)
        return 2
    try:
        for name in args.names or known:
            size = draw_clip(known[name], args.output / name)
            print(f"{args.output / name}: {known[name].frames} frames, {size / 1e6:.2f} MB", flush=True)
        table = "\n".join(map(table_row, CLIPS))
        (args.output / "README.md").write_text(README.format(rows=table), encoding="utf-8")
    except OSError as error:
        print(f"make_videos: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
