"""A page whose cluster infrastructure code may own: what to do then, and the code itself, to read, copy and save."""

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content

from screens.widgets.dialogs import TextDialog
from screens.widgets.frame import Frame
from screens.widgets.grid import rows
from wizard.cloud.arm import ResourceId
from wizard.cloud.encryption import EncryptionKind
from wizard.reports.infrastructure_code import TITLE, code_advice


class CodePage(Frame):
    """A page that exports the code of its cluster with x."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "x",
            "export",
            "code",
            show=False,
            tooltip="Show what infrastructure code must say to keep this encryption, to copy or save it",
        )
    ]

    def cluster_to_export(self) -> str:
        """Return the resource ID of the cluster; empty if there is nothing to export yet."""
        raise NotImplementedError

    def action_export(self) -> None:
        """Read the cluster and what it depends on, and show the code."""
        if cluster := self.cluster_to_export():
            self.notify("Reading the cluster, its vault, key, identity and role assignments…", timeout=2, markup=False)  # fmt: skip
            self.background(self._export(ResourceId.parse(cluster)), "reading what the code must say")

    async def _export(self, cluster: ResourceId) -> None:
        from wizard.export.read import read_setup  # late: few operators press this key
        from wizard.export.terraform import terraform

        code = terraform(await read_setup(self.session.azure, cluster))
        title = f"Terraform for {cluster.name}   (Bicep and ARM: aks-kms export --format bicep|arm)"
        self.app.push_screen(TextDialog(title, code, f"aks-kms-{cluster.name}.tf"))


def code_section(encryption: EncryptionKind, width: int) -> Content:
    """Return what to do if infrastructure code owns the cluster; empty for one that is not encrypted."""
    said = code_advice(encryption)
    if not said:
        return Content("")
    lines = [[("", ""), (f"{said} x shows what it must say.", "")]]
    return Content("\n").join([Content.assemble((TITLE, "bold")), rows(lines, (0, 4), width)])
