"""Management locks: what they deny at their scope and below (Azure Resource Manager, "Lock your resources").

A lock is a resource; its scope is the parent in its id.
"""

from wizard.simulator.protocol.ids import name_of, scope_of, within
from wizard.simulator.protocol.wire import Json, Refusal
from wizard.simulator.state.state import Resource
from wizard.simulator.state.world import World

TYPE = "Microsoft.Authorization/locks"
LEVELS = ("CanNotDelete", "ReadOnly")
_MARK = f"/providers/{TYPE}/"


def new_lock(lock_id: str, level: str, notes: str, system_data: Json | None = None) -> Resource:
    """Return a lock as ARM stores it."""
    body: Json = {
        "properties": {"level": level, "notes": notes} if notes else {"level": level},
        "id": lock_id,
        "type": TYPE,
        "name": name_of(lock_id),
    }
    return Resource(lock_id, TYPE, body | ({"systemData": system_data} if system_data else {}))


def locked_scope(lock: Resource) -> str:
    """Return the scope of a lock."""
    return lock.id[: lock.id.lower().rindex(_MARK.lower())]


def check_locks(world: World, method: str, path: str) -> None:
    """Raise ARM's 409 ScopeLocked if a lock denies the request.

    ReadOnly denies all writes, including POST. Both levels deny deleting the scope, resources below it, and the scopes
    above it. Locks themselves can always be created and deleted.
    """
    if _MARK.lower() in path.lower() + "/":
        return
    verb = "delete" if method == "DELETE" else "write"
    blocking = [
        locked_scope(lock)
        for lock in world.of_type(TYPE)
        if (
            within(path, locked_scope(lock))
            and (verb == "delete" or lock.body["properties"]["level"] == "ReadOnly")
        )
        or (verb == "delete" and within(locked_scope(lock), path))
    ]
    if blocking:
        raise Refusal(
            409, "ScopeLocked",
            f"The scope '{scope_of(path)}' cannot perform {verb} operation because following scope(s) are locked: "
            f"'{','.join(blocking)}'. Please remove the lock and try again.",
        )  # fmt: skip
