"""Where can a task run? Slots come and go, and nodes that break task after task get no more.

A node is blocked when ``block_after`` different tasks have failed there since one went well: then
it is the node rather than the tasks. The last node that is left is never blocked.
"""

from __future__ import annotations


class Slots:
    """All slots that are there: free, busy, or idle on a blocked node."""

    def __init__(self, block_after: int = 0) -> None:
        self._block_after = block_after
        self._nodes: dict[str, str] = {}  # slot -> node
        self._free: dict[str, None] = {}  # the longest waiting first
        self._idle: dict[str, dict[str, None]] = {}  # blocked node -> its idle slots
        self._failed: dict[str, set[str]] = {}  # node -> tasks since one went well

    def __len__(self) -> int:
        """How many slots are free."""
        return len(self._free)

    def join(self, slot: str, node: str) -> None:
        """A slot is there, and free. ``node`` is empty where it isn't known."""
        self.leave(slot)
        self._nodes[slot] = node
        self.release(slot)

    def leave(self, slot: str) -> None:
        """A slot is gone, if it was there."""
        node = self._nodes.pop(slot, "")
        self._free.pop(slot, None)
        self._idle.get(node, {}).pop(slot, None)

    def take(self, count: int = 1) -> tuple[str, ...]:
        """So many free slots, which aren't free any more: of as few nodes as can be.

        The first leads. Among nodes with room for all, the one whose slot has waited longest.
        """
        taken = [next(iter(self._free))] if count == 1 else self._packed(count)
        for slot in taken:
            del self._free[slot]
        return tuple(taken)

    def release(self, slot: str) -> None:
        """A busy slot is free again, unless its node is blocked."""
        self._idle.get(self._nodes[slot], self._free)[slot] = None

    def node(self, slot: str) -> str:
        """The node of a slot; empty where it isn't known."""
        return self._nodes.get(slot, "")

    def well(self, node: str) -> None:
        """A task went well on the node: it is to be trusted."""
        self._failed.pop(node, None)

    def ill(self, node: str, task: str) -> bool:
        """A task failed on the node; whether the node was blocked for it."""
        if not node or node in self._idle or not self._block_after:
            return False
        failed = self._failed.setdefault(node, set())
        failed.add(task)
        if len(failed) < self._block_after or not self._others(node):
            return False
        here = [slot for slot in self._free if self._nodes[slot] == node]
        for slot in here:
            del self._free[slot]
        self._idle[node] = dict.fromkeys(here)
        return True

    def unblock(self, node: str) -> None:
        """The node is forgiven; its idle slots are free."""
        self._failed.pop(node, None)
        self._free.update(self._idle.pop(node, {}))

    def _packed(self, count: int) -> list[str]:
        by_node: dict[str, list[str]] = {}
        for slot in self._free:
            by_node.setdefault(self._nodes[slot], []).append(slot)
        roomy = (slots for slots in by_node.values() if len(slots) >= count)
        fullest = sorted(by_node.values(), key=len, reverse=True)
        return next(roomy, [slot for slots in fullest for slot in slots])[:count]

    def _others(self, node: str) -> bool:
        """Whether a slot of another node may be used."""
        return any(n != node and n not in self._idle for n in self._nodes.values())
