"""Categories, codes and regions."""

import pytest

from accounts.vocabulary import CERTIFIES, Category
from exchange.reader import FieldError, RegionIndex, regions, vocabulary
from exchange.reader.errors import Noted
from policies.engine.codes import CATEGORIES as ENGINE_CATEGORIES

INDEX = RegionIndex(
    [
        ("150000", "内蒙古自治区"),
        ("150500", "通辽市"),
        ("150502", "科尔沁区"),
        ("150521", "科尔沁左翼中旗"),
        ("150521100", "保康镇"),
        ("150523", "开鲁县"),
        ("150523100", "开鲁镇"),
        ("150523101", "东风镇"),
        ("150525101", "东风镇"),
        ("150525", "奈曼旗"),
        ("140522", "阳城县"),
        ("140522101", "东风镇"),
    ]
)


def test_the_words_of_the_product_are_the_same_everywhere():
    assert set(vocabulary.CATEGORY_LABELS) == set(Category.values) == {category.code for category in ENGINE_CATEGORIES}
    assert {str(name): {str(code) for code in codes} for name, codes in CERTIFIES.items()} == {
        name: set(codes) for name, codes in vocabulary.DEPARTMENT_CATEGORIES.items()
    }
    assert set(vocabulary.DEPARTMENT_LABELS) == set(vocabulary.DEPARTMENT_CATEGORIES)


@pytest.mark.parametrize("category", Category, ids=str)
def test_every_category_is_known_by_code_and_official_label(category):
    assert vocabulary.category(category.value) == category.value
    assert vocabulary.category(str(category.label)) == category.value
    assert vocabulary.category(f" {category.label} ") == category.value


@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("特困", "extreme_poverty"), ("五保", "extreme_poverty"), ("特困人员(五保)", "extreme_poverty"),
        ("特困供养人员", "extreme_poverty"), ("低保", "subsistence"), ("低保户", "subsistence"),
        ("农村低保", "subsistence"),
        ("最低生活保障对象", "subsistence"), ("低保边缘", "subsistence_margin"),
        ("低保边缘家庭", "subsistence_margin"),
        ("脱贫户", "exited_poverty"), ("脱贫人口", "exited_poverty"), ("脱贫不稳定户", "unstable_exit"),
        ("边缘易致贫户", "marginal_risk"), ("突发严重困难人口", "sudden_hardship"), ("重残", "severe_disability"),
        ("重度残疾人（一、二级）", "severe_disability"), ("事实无人抚养", "unsupported_child"),
        ("返贫人口", "relapsed_poverty"),
        ("EXTREME_POVERTY", "extreme_poverty"), ("2014、2015年退出户", "exited_2014_2015"),
    ],
)  # fmt: skip
def test_variants(word, code):
    assert vocabulary.category(word) == code


@pytest.mark.parametrize(
    "word", ["困难群众", "低收入人口", "监测对象", "残疾人", "低保对象、孤儿", "三级残疾人", "特困边缘"]
)
def test_words_that_fit_several_or_no_category_are_not_guessed(word):
    with pytest.raises(FieldError) as caught:
        vocabulary.category(word)
    assert caught.value.code == "category_unknown"
    assert word in str(caught.value)


@pytest.mark.parametrize("department", vocabulary.DEPARTMENT_CATEGORIES)
def test_a_department_certifies_its_own_categories_alone(department):
    own = vocabulary.categories_of(department)
    for code, label in vocabulary.CATEGORY_LABELS.items():
        if code in own:
            assert vocabulary.category(label, allowed=own) == code
        else:
            with pytest.raises(FieldError) as caught:
                vocabulary.category(label, allowed=own)
            assert caught.value.code == "category_not_yours"


def test_the_reason_names_who_certifies():
    with pytest.raises(FieldError, match=r"低保对象.*民政部门"):
        vocabulary.category("低保户", allowed=vocabulary.categories_of("rural_revitalization"))


def test_a_department_that_certifies_nobody_has_no_category():
    assert vocabulary.categories_of("tax") == frozenset()


@pytest.mark.parametrize(
    ("choices", "word", "code"),
    [
        (vocabulary.YES_NO, "是", "yes"), (vocabulary.YES_NO, "N", "no"), (vocabulary.SERVICES, "22", "inpatient"),
        (vocabulary.SERVICES, "13", "outpatient"), (vocabulary.SERVICES, "14.0", "chronic"),
        (vocabulary.LEVELS, "三级", "3"),
        (vocabulary.LOCATIONS, "省外", "outside"), (vocabulary.REFERRED, "无需转诊", "not_needed"),
        (vocabulary.RESULTS, "已纳入", "certified"), (vocabulary.RESULTS, "不符合", "not_eligible"),
        (vocabulary.RESULTS, "已在帮扶", "already"), (vocabulary.RESULTS, "查无此人", "not_found"),
        (vocabulary.PAYMENT_KINDS, "退费", "refund"), (vocabulary.SERVICES, "41", None),
        (vocabulary.INSURANCES, "职工", "310"),
    ],
)  # fmt: skip
def test_codes(choices, word, code):
    assert choices.get(word) == code


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("150521100000", "150521100000"), ("150521", "150521000000"), ("150521100", "150521100000"),
        (" １５０５２１ ", "150521000000"), ("150521000000.0", "150521000000"), ("科尔沁左翼中旗", "150521000000"),
        ("保康镇", "150521100000"), ("通辽市科尔沁区", "150502000000"),
        ("内蒙古自治区通辽市开鲁县开鲁镇", "150523100000"),
        ("奈曼旗东风镇", "150525101000"), ("", None), ("/", None),
    ],
)  # fmt: skip
def test_regions(raw, code):
    assert regions.resolve(raw, regions=INDEX, region="150500") == code


@pytest.mark.parametrize(
    ("raw", "region", "code"),
    [
        ("999999", None, "region_unknown"), ("15052", None, "region_unknown"),
        ("150599100000", None, "region_unknown"),
        ("某某镇", None, "region_unknown"), ("东风镇", None, "region_unknown"),
        ("东风镇", "150500", "region_unknown"),
        ("1.50521E+11", None, "region_unknown"), ("阳城县", "150500", "region_not_yours"),
        ("140522", "150500", "region_not_yours"),
        ("150500", "150521", "region_not_yours"), ("阳城县通辽市", None, "region_unknown"),
    ],
)  # fmt: skip
def test_regions_that_are_refused(raw, region, code):
    with pytest.raises(FieldError) as caught:
        regions.resolve(raw, regions=INDEX, region=region)
    assert caught.value.code == code
    assert raw in str(caught.value)


def test_a_name_borne_twice_is_settled_by_the_region_of_the_file():
    assert regions.resolve("东风镇", regions=INDEX, region="140500") == "140522101000"


def test_an_unlisted_township_of_a_listed_county_is_kept_and_noted():
    assert regions.resolve("150521105000", regions=INDEX) == Noted(
        "150521105000", "region_new", {"value": "150521105000"}
    )


def test_without_an_index_codes_are_taken_and_names_are_unknown():
    assert regions.resolve("150521105000", region="150500") == "150521105000"
    for raw in ("科尔沁区", "990000"):
        with pytest.raises(FieldError, match="行政区划"):
            regions.resolve(raw)


@pytest.mark.parametrize(
    ("code", "region", "inside"),
    [
        ("150521100001", "150521100000", True), ("150521100000", "150500000000", True), ("150500", "15", True),
        ("150521000000", "150521", True), ("150523000000", "150521", False), ("150500000000", "150521", False),
    ],
)  # fmt: skip
def test_within(code, region, inside):
    assert regions.within(code, region) is inside
