"""Printed papers: PDF with an embedded Chinese font, laid out and written in this process.

    paper = Paper(_("救助决定书"), office="科左中旗医疗保障局", printed_on=timezone.localdate())
    paper.facts([(_("申请人"), "乌云"), (_("金额"), yuan(amount))])
    paper.heading(_("依据"))
    paper.table([_("条款"), _("金额")], rows, align="lr", total=[_("合计"), "1,200.00"])
    paper.signatures([_("经办人"), _("复核人"), _("负责人")])
    return paper.response("决定书.pdf")

The same calls give the same bytes on every day and in every process.
"""

from accounts.printing.paper import Paper

__all__ = ["Paper"]
