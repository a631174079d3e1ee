"""What is printed: the letter of a decision, the minutes of a panel, the application with its check."""

from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.capitals import capital_amount
from accounts.models import Level, Organisation, Region
from accounts.printing import Paper
from accounts.templatetags.tuodi import yuan
from accounts.vocabulary import Category, Department
from assistance.models import Application, Check, Decision, Meeting, Opinion
from assistance.vocabulary import Kind
from policies import selectors as law


def office_of(region: Region | str) -> str:
    """The medical-security bureau of the county (or, without one, of the nearest place above)."""
    code = region if isinstance(region, str) else region.pk
    codes = [code[:digits].ljust(12, "0") for digits in (6, 4, 2)]
    found = Organisation.objects.filter(department=Department.MEDICAL_SECURITY, region_id__in=codes)
    best = sorted(found, key=lambda one: codes.index(one.region_id))
    if best:
        return best[0].name
    place = Region.objects.filter(pk__in=codes, level__lte=Level.COUNTY).order_by("-level").first()
    return _("%(place)s医疗保障局") % {"place": place.name if place else ""}


def clause_words(application: Application, clauses: list[str]) -> list[tuple[str, str, str]]:
    """(number, article, text) of the clauses as the version in force says them."""
    known = law.document_of(application.version).clauses
    return [(one, known[one].article, known[one].text) for one in clauses if one in known]


def letter_of(decision: Decision) -> Paper:
    """The letter to the applicant: what was decided, under which clause, and how to appeal a rejection."""
    application = decision.application
    approved = decision.outcome == Decision.Outcome.APPROVED
    office = office_of(application.region_id)
    title = _("医疗救助审批决定书") if approved else _("不予医疗救助决定书")
    paper = Paper(title, office=office, printed_on=timezone.localdate(), number=decision.letter)
    person = application.person
    paper.paragraph(_("%(name)s：") % {"name": person.name})
    said = {"day": application.applied_on, "rule": application.rule, "number": application.number}
    paper.paragraph(
        _("您于 %(day)s 提出的“%(rule)s”申请（申请号 %(number)s），经受理、核查和审批，决定如下：") % said, indent=True
    )
    facts: list[tuple[Any, Any]] = [
        (_("申请人"), person.name),
        (_("证件号码"), person.masked_id_number),
        (_("申请事项"), application.rule),
        (_("决定"), decision.get_outcome_display()),
    ]
    if approved and decision.kind == Kind.ELIGIBILITY:
        facts += [
            (_("救助身份"), Category(decision.category).label),
            (_("起始日"), decision.valid_from),
        ]
    elif approved:
        facts += [(_("救助金额"), f"{yuan(decision.amount)} {_('元')}"), (_("大写"), capital_amount(decision.amount))]
    paper.facts(facts)
    paper.heading(_("理由"))
    paper.paragraph(decision.reason, indent=True)
    paper.heading(_("依据"))
    document = law.document_of(application.version)
    for number, article, text in clause_words(application, decision.clauses):
        words = f"{document.title}{(document.number and '（' + document.number + '）') or ''}"
        paper.paragraph(f"{number}　{words} {article}", strong=True, after=0.5)
        paper.paragraph(text, indent=True)
    if approved and decision.kind == Kind.ELIGIBILITY:
        paper.paragraph(_("自起始日起，您在定点医疗机构发生的费用按上述身份直接结算，不需另行申请。"), indent=True)
    elif approved:
        paper.paragraph(_("救助金将拨付至您登记的银行账户。"), indent=True)
    else:
        paper.heading(_("申诉"))
        paper.paragraph(
            _(
                "如对本决定不服，您可以持新的事实或材料，向登记申请的乡镇（街道）或%(office)s提出申诉，由另一位复核人员"
                "重新审批；也可以依法申请行政复议或者提起行政诉讼。"
            )
            % {"office": office},
            indent=True,
        )
    paper.signatures([_("经办人"), _("复核人")], seal=True)
    return paper


def minutes_of(meeting: Meeting) -> Paper:
    """会商纪要: cases, every department's opinion with dissent and recusal, who was absent, what was come to."""
    paper = Paper(
        _("会商纪要"),
        office=office_of(meeting.region_id),
        printed_on=timezone.localdate(),
        subject=meeting.title,
    )
    departments = "、".join(str(Department(one).label) for one in meeting.departments)
    paper.facts(
        [
            (_("会议名称"), meeting.title),
            (_("会议日期"), meeting.held_on),
            (_("地点"), meeting.place),
            (_("主持人"), meeting.chair),
            (_("召集人"), str(meeting.convened_by)),
            (_("法定到会数"), _("%(n)s 个部门以上") % {"n": meeting.quorum}),
            (_("参加部门"), departments),
        ]
    )
    cases = meeting.cases.select_related("application__person", "application__version").prefetch_related(
        "opinions__member"
    )
    for at, case in enumerate(cases, 1):
        application = case.application
        paper.heading(f"{at}. {application.person.name}　{application.rule}　{application.number}")
        paper.paragraph(_("事由：%(text)s") % {"text": case.question}, indent=True)
        if case.proposed is not None:
            paper.paragraph(_("提请金额：%(amount)s 元") % {"amount": yuan(case.proposed)}, indent=True)
        said = {one.department: one for one in case.opinions.all()}
        rows = [_opinion_row(one, said.get(one), one in case.absent) for one in meeting.departments]
        paper.table(
            [_("部门"), _("成员"), _("意见"), _("金额"), _("理由")], rows, align="lllrl", widths=(3, 2, 2, 3, 8)
        )
        paper.paragraph(_result(case), strong=True)
    paper.signatures([_("主持人"), _("记录人")])
    return paper


def _opinion_row(department: str, opinion: Opinion | None, absent: bool) -> list[Any]:
    label = Department(department).label
    if opinion is None:
        return [label, "", _("缺席") if absent else _("未表态"), "", ""]
    amount = yuan(opinion.amount) if opinion.amount is not None else ""
    return [label, str(opinion.member), opinion.get_says_display(), amount, opinion.text]


def _result(case: Any) -> str:
    if case.recalled:
        return str(_("结果：退出会商，未形成意见。"))
    if case.done_at is None:
        return str(_("结果：意见尚未齐全。"))
    if not case.agreed:
        return str(_("结果：多数不同意救助。"))
    words = {"amount": yuan(case.amount), "capital": capital_amount(case.amount)}
    return str(_("结果：同意救助 %(amount)s 元（大写：%(capital)s）。") % words)


def sheet_of(application: Application, check: Check | None) -> Paper:
    """审批表: the application, the check with every leg, the working of the amount."""
    paper = Paper(
        _("医疗救助申请审批表"),
        office=office_of(application.region_id),
        printed_on=timezone.localdate(),
        number=application.number,
    )
    person = application.person
    paper.facts(
        [
            (_("申请人"), person.name),
            (_("证件号码"), person.masked_id_number),
            (_("所在地区"), application.region.name),
            (_("申请日期"), application.applied_on),
            (_("申请事项"), application.rule),
            (_("人员类别"), application.get_category_display()),
            (_("状态"), application.get_state_display()),
            (_("登记机构"), application.office.name),
            (_("申请理由"), application.reason),
        ]
    )
    if check is not None:
        if check.test:
            paper.heading(_("因病致贫重病患者认定条件"))
            rows = [
                [leg["label"], leg["formula"], _("符合") if leg["passed"] else _("不符合")]
                for leg in check.test["legs"]
            ]
            paper.table([_("条件"), _("核对"), _("结果")], rows, widths=(6, 10, 2))
        paper.heading(_("金额核定"))
        rows = [
            [line["label"], line["formula"], yuan(line["amount"]), "、".join(line["clauses"])] for line in check.lines
        ]
        paper.table([_("项目"), _("计算"), _("金额"), _("条款")], rows, align="llrl", widths=(5, 9, 3, 2))
        paper.heading(_("核查意见"))
        paper.paragraph(check.opinion, indent=True)
        paper.note(f"{check.checked_by} {timezone.localtime(check.checked_at):%Y-%m-%d %H:%M}")
    for decision in application.decisions.select_related("decided_by").order_by("round"):
        paper.heading(_("审批意见"))
        amount = ""
        if decision.amount:
            amount = f"　{yuan(decision.amount)} {_('元')}（{capital_amount(decision.amount)}）"
        paper.paragraph(f"{decision.get_outcome_display()}{amount}　{decision.letter}", strong=True)
        paper.paragraph(decision.reason, indent=True)
        paper.note(f"{decision.decided_by} {decision.decided_on}")
    paper.signatures([_("登记人"), _("核查人"), _("复核人")])
    return paper
