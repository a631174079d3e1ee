"""Chart of accounts of the fund. An amount above zero is a debit, below zero a credit; an entry adds up to zero."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Account(models.TextChoices):
    """科目. County finance bears part of some policies (S3-11): its accounts stand apart from the fund's."""

    BANK = "bank", _("银行存款")
    PAYABLE = "payable", _("应付救助款")
    RECOVERABLE = "recoverable", _("应收追回款")
    SOURCE_FISCAL = "source_fiscal", _("财政补助（中央、自治区）")
    SOURCE_CITY = "source_city", _("市级财政")
    SOURCE_BANNER = "source_banner", _("旗县财政")
    SOURCE_LOTTERY = "source_lottery", _("彩票公益金")
    SOURCE_DONATION = "source_donation", _("社会捐赠")
    SOURCE_INTEREST = "source_interest", _("利息收入")
    CARE = "care", _("医疗救助支出")
    OUTSIDE = "outside", _("目录外救助支出")
    TOP_UP = "top_up", _("倾斜救助支出")
    SUBSIDY = "subsidy", _("资助参保支出")
    DECISION = "decision", _("依申请救助支出")
    COUNTY_CARE = "county_care", _("县级财政承担的救助支出")
    COUNTY_PAYABLE = "county_payable", _("应付县级财政承担款")


SOURCES = (
    Account.SOURCE_FISCAL,
    Account.SOURCE_CITY,
    Account.SOURCE_BANNER,
    Account.SOURCE_LOTTERY,
    Account.SOURCE_DONATION,
    Account.SOURCE_INTEREST,
)
SPENDING = (Account.CARE, Account.OUTSIDE, Account.TOP_UP, Account.SUBSIDY, Account.DECISION)
# What settled claims stand in, by tier of `claims.later.models.TIERS`; critical-illness insurance is another fund.
OF_CLAIMS = (Account.CARE, Account.OUTSIDE, Account.TOP_UP, Account.COUNTY_CARE)
OF_TIER = {"assistance": Account.CARE, "outside": Account.OUTSIDE, "top_up": Account.TOP_UP}
