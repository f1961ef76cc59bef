"""Which errors the renderer, the jobs and the launcher raise.

    ReverieError            one line that names what is wrong and says what to do
    ├── SettingError        a setting out of its bounds, or unknown
    ├── ImageError          a picture that can't be read, written or accepted
    ├── NetworkError        an unknown network, layer, channel or class
    ├── WeightsError        weights that are missing, incomplete or not what they should be
    │   └── DownloadError   weights that could not be fetched
    ├── CheckpointError     a checkpoint that can't be taken up
    ├── OffloadError        no room on disk for what memory doesn't bear
    ├── DivergedError       a rendering whose numbers are no longer finite
    ├── AnimationError      frames that don't make an animation or a sheet
    ├── JobError            a job file that can't be read or planned (raised by jobs)
    ├── WorkspaceError      a job's directory that can't be used (raised by jobs)
    └── ClusterError        workers that can't be had or were lost (raised by cluster)

Every error crosses process borders (it pickles), and its text is fit to be shown alone.
"""

from __future__ import annotations


class ReverieError(Exception):
    """Base of all errors that a user can act on; ``str(error)`` is one plain line."""


class SettingError(ReverieError):
    """A setting is unknown, of the wrong type or out of its bounds; the text names its key."""


class ImageError(ReverieError):
    """A picture can't be read, written or accepted; the text names the picture."""


class NetworkError(ReverieError):
    """A network, layer, channel or class is unknown; the text names near ones."""


class WeightsError(ReverieError):
    """Weights are missing, incomplete, damaged or unsafe; the text says where to put them."""


class DownloadError(WeightsError):
    """Weights could not be fetched; the text names the address and the reason."""


class CheckpointError(ReverieError):
    """A checkpoint is damaged or another task's; the text says which."""


class OffloadError(ReverieError):
    """What memory doesn't bear finds no room on disk either; the text names the folder."""


class DivergedError(ReverieError):
    """A rendering's numbers are no longer finite; the text names the iteration and what to try."""


class AnimationError(ReverieError):
    """Frames don't make an animation or a sheet; the text names the frames."""


class JobError(ReverieError):
    """A job file is wrong; the text names file, line and key."""


class WorkspaceError(ReverieError):
    """A job's directory can't be used; the text names the directory."""


class ClusterError(ReverieError):
    """Workers can't be had, or were lost; the text names the node."""
