"""Who may see and do what: roles, the people who have them, and the store as one of them may see it.

The one place where data leave the store for a page is `seen.Seen`: what it doesn't let through, no page can show.
"""

from cpm_metrics.access.people import LOCAL, NobodyYet, People, Viewer
from cpm_metrics.access.roles import ROLES, Right, Role
from cpm_metrics.access.seen import Seen

__all__ = ["LOCAL", "ROLES", "NobodyYet", "People", "Right", "Role", "Seen", "Viewer"]
