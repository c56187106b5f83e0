"""What pages ask of the app: to navigate, to start a run, to show a problem. Pages post these messages; the app handles them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.message import Message

if TYPE_CHECKING:
    from wizard.answers.model import Answers
    from wizard.cloud.inventory import ClusterRow
    from wizard.cloud.retry_notices import RetryNotice
    from wizard.errors import Problem
    from wizard.procedure.plan import Plan


class Back(Message):
    """Return to the previous page."""


class GoTo(Message):
    """Show the page of a step, if that step can be reached."""

    def __init__(self, step: str) -> None:
        super().__init__()
        self.step = step


class Completed(Message):
    """The operator has answered this step; show the next one."""

    def __init__(self, step: str) -> None:
        super().__init__()
        self.step = step


class CreateCluster(Message):
    """Show the form for a new cluster."""


class PickCluster(Message):
    """Show the list of clusters, to verify one of them."""


class ShowFleet(Message):
    """Show all clusters, with a verdict on each."""


class Alert(Message):
    """Ring, and show a notification: something has changed that the operator waits for, perhaps without looking."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


class ShowHistory(Message):
    """Show the runs in the journal."""


class OpenInWizard(Message):
    """Show the step that selects a cluster, with this cluster under the cursor."""

    def __init__(self, cluster: "ClusterRow", rows: "Sequence[ClusterRow]") -> None:
        """`rows`: the clusters to list, from the subscription of `cluster`."""
        super().__init__()
        self.cluster = cluster
        self.rows = rows


class ChangeEncryption(Message):
    """Start over with this cluster selected, at the choice of its key."""

    def __init__(self, cluster: "ClusterRow") -> None:
        super().__init__()
        self.cluster = cluster


class StartOver(Message):
    """Return to the list of clusters to select another one."""


class VerifyCluster(Message):
    """Verify a cluster, without comparing it with any answers."""

    def __init__(self, cluster_id: str) -> None:
        super().__init__()
        self.cluster_id = cluster_id


class VerifyAnswers(Message):
    """Verify the cluster of these answers, and compare it with them. `inside`: offer to check inside it as well."""

    def __init__(self, answers: "Answers", *, inside: bool = False) -> None:
        super().__init__()
        self.answers = answers
        self.inside = inside


class StartRun(Message):
    """Apply the plan that was shown for these answers and confirmed."""

    def __init__(self, answers: "Answers", plan: "Plan") -> None:
        super().__init__()
        self.answers = answers
        self.plan = plan


class Failed(Message):
    """Background work of a page failed."""

    def __init__(self, problem: "Problem") -> None:
        super().__init__()
        self.problem = problem


class Retrying(Message):
    """A request to Azure is repeated."""

    def __init__(self, notice: "RetryNotice") -> None:
        super().__init__()
        self.notice = notice
