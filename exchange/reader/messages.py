"""Every sentence of the reader, in Chinese, as templates; the reader itself knows no Django.

`gettext_noop` only marks the sentences for the catalogue: pages translate `problem.message` and fill in `params`.
"""

from __future__ import annotations


def gettext_noop(message: str) -> str:
    """Mark a sentence for extraction, unchanged."""
    return message


_ = gettext_noop

REFUSALS = {
    "empty": _("文件是空的，没有任何内容；请检查导出是否完成后重新上传。"),
    "not_a_table": _("这是%(kind)s，不是表格；请另存为 XLSX 或 CSV 后重新上传。"),
    "old_excel": _("这是旧版 Excel 文件（XLS）；请在表格软件中另存为 XLSX 后重新上传。"),
    "damaged_xlsx": _("XLSX 文件已损坏或加了密码，无法打开；请在表格软件中打开后另存一份再上传。"),
    "too_big_xlsx": _("XLSX 解压后超过 %(limit)s MB；请另存为 CSV 或分成几个文件上传。"),
    "too_wide_xlsx": _("工作表的范围过大（离表格很远处有内容或格式）；请只把名单复制到新的工作簿后另存再上传。"),
    "zip_not_xlsx": _("这是压缩包而不是 XLSX 表格；请解压后上传其中的 XLSX 或 CSV 文件。"),
    "binary": _("文件不是文本，也不是 XLSX 表格；请另存为 XLSX 或 CSV 后重新上传。"),
    "encoding": _("第 %(line)s 行附近有无法识别的字符（按 %(encoding)s 读取）；请以 UTF-8 编码重新导出后上传。"),
    "header_missing": _("没有找到表头；表头须包含：%(columns)s。请按模板补上表头后重新上传。"),
    "column_missing": _("表头缺少必需的列：%(columns)s；请补上后重新上传。"),
    "column_repeated": _("表头中“%(label)s”出现了不止一次（%(headers)s）；请只保留一列后重新上传。"),
    "quote": _("第 %(line)s 行起有一个没有配对的双引号，后面的行被连成了一格；请删去或补全双引号后重新上传。"),
    "line_too_long": _("第 %(line)s 行过长，不像表格的一行；请检查文件的换行后重新上传。"),
    "csv": _("第 %(line)s 行无法按 CSV 读取；请在表格软件中打开检查该行，另存后重新上传。"),
    "unreadable": _("文件无法打开；请重新上传。"),
}

PROBLEMS = {
    "missing": _("%(label)s没有填写；请补填。"),
    "cells": _("这一行有 %(cells)s 格，比表头多 %(extra)s 格；多半是内容里有未加引号的分隔符，请核对后改正。"),
    "id_spreadsheet": _(
        "身份证号被电子表格改写（变成科学计数或末三位变成 000），原号码无法还原；请把该列设为文本格式后重新填写。"
    ),
    "id_length": _("身份证号应为 18 位（旧证 15 位），这里是 %(length)s 位；请核对后改正。"),
    "id_birth_date": _("身份证号中的出生日期 %(date)s 不存在或晚于今天；请核对后改正。"),
    "id_checksum": _("身份证号的校验码不符；号码有误，请核对证件后改正。"),
    "category_unknown": _("没有“%(value)s”这一人员类别；请改为名单说明中的类别名称或代码。"),
    "category_not_yours": _("“%(category)s”不由本部门认定；请从本部门名单中去掉，由%(department)s报送。"),
    "date": _("“%(value)s”不是日期；请写成 2023-05-01 的样式。"),
    "date_order": _("退出日期早于认定日期；请核对两个日期。"),
    "region_unknown": _("没有找到行政区划“%(value)s”；请填写 12 位行政区划代码或规范名称。"),
    "region_not_yours": _("行政区划“%(value)s”不在本次名单的地区内；请核对，或由所属地区报送。"),
    "repeated": _("与第 %(first)s 行重复；请只保留一行。"),
    "duplicate_differs": _("与第 %(first)s 行是同一人，但内容不同；请核实后只保留正确的一行。"),
    "money": _("“%(value)s”不是金额；请写成以元为单位、最多两位小数的数字，如 1234.50。"),
    "money_decimals": _("金额“%(value)s”的小数超过两位；请改为精确到分。"),
    "money_negative": _("金额“%(value)s”是负数；这里不能为负，请核对。"),
    "number": _("“%(value)s”不是有效的整数；请核对后改正。"),
    "number_spreadsheet": _("%(label)s被电子表格改写为科学计数，原值无法还原；请把该列设为文本格式后重新填写。"),
    "too_long": _("%(label)s过长（超过 %(limit)s 个字符）；请核对是否串了列。"),
    "code_unknown": _("%(label)s没有代码“%(value)s”；可用的是：%(choices)s。"),
    "basic_paid": _("基本医保支付超过政策范围内费用；请核对这两项金额。"),
    "total": _("政策范围内费用与目录外费用之和超过总费用；请核对这三项金额。"),
}

NOTES = {
    "id_converted": _("15 位旧证号码已换算为 18 位 %(number)s。"),
    "id_district": _("身份证号前两位不是已知的省级代码，请留意核对。"),
    "name_private": _("姓名中有自造字，换一台电脑可能显示不出；请尽量改用标准字库中的字。"),
    "phone": _("联系电话“%(value)s”不像电话号码，未采用。"),
    "value_spreadsheet": _("%(label)s被电子表格改写为科学计数，未采用；请把该列设为文本格式。"),
    "cut": _("%(label)s过长，只采用前 %(limit)s 个字。"),
    "region_new": _("县级代码已知，但乡镇或村代码 %(value)s 不在区划表中，按所填代码采用。"),
}

_ALL = {**PROBLEMS, **NOTES}


def message_of(code: str) -> str:
    """The Chinese template of a problem's or note's code."""
    return _ALL[code]
