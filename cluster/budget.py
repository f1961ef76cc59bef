"""How much memory may a rendering take? A share of what there is, never what is free now.

What is free changes from run to run, and would change the tiles and so the last bits of pictures.
"""

from __future__ import annotations

import torch

from cluster.resources import local_cpus, local_memory_bytes

GPU_SHARE, HOST_SHARE = 0.8, 0.6
"""Of all memory of a GPU or a machine, what a style transfer may take by its footprint."""


def budgets(device: torch.device, *, threads: int, share: float = 1.0) -> dict[str, float]:
    """Bytes by the kind of device, for a task with so many threads and a share of a GPU.

    A task has as much of the machine's memory as of its cores.
    """
    found = {"cpu": HOST_SHARE * local_memory_bytes() * min(1.0, threads / local_cpus())}
    if device.type == "cuda":
        whole = torch.cuda.get_device_properties(device).total_memory
        found["cuda"] = GPU_SHARE * share * whole
    return found
