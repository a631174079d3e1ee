import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

import accounts.fields

# Never compressed, never put aside: a page holds two of them.
PLAIN = """
ALTER TABLE exchange_unchangedrows ALTER lines SET STORAGE PLAIN, ALTER spells SET STORAGE PLAIN,
    ALTER persons SET STORAGE PLAIN
"""
EVERY_ROW = """
CREATE VIEW exchange_filerow AS
SELECT id, file_id, "row", outcome, code, field, reason, id_number, id_key, name, category, region_code, household,
    relation, valid_from, valid_to, exit_reason, phone, phone_key, person_id, spell_id, "values", decision, "row" AS first,
    "row" AS last
FROM exchange_stagedrow
UNION ALL
SELECT -(u.id * 1000 + one.n), u.file_id, one.line, 'unchanged', '', '', '', NULL::bytea, NULL::uuid, '', '', '', '',
    '', NULL::date, NULL::date, '', NULL::bytea, NULL::uuid, one.person, one.spell, '{}'::jsonb, '',
    u.first, u.last
FROM exchange_unchangedrows u,
    LATERAL unnest(u.lines, u.persons, u.spells) WITH ORDINALITY AS one (line, person, spell, n)
"""


class Migration(migrations.Migration):
    dependencies = [
        ("exchange", "0009_frozen_lists"),
    ]

    operations = [
        migrations.CreateModel(
            name="FileRow",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("row", models.PositiveIntegerField(null=True)),
                (
                    "outcome",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("new", "新增"),
                            ("changed", "变更"),
                            ("unchanged", "不变"),
                            ("exited", "退出"),
                            ("doubtful", "存疑"),
                            ("error", "错误"),
                        ],
                        max_length=10,
                    ),
                ),
                ("code", models.CharField(blank=True, db_default="", max_length=30)),
                ("field", models.CharField(blank=True, db_default="", max_length=40)),
                ("reason", models.CharField(blank=True, db_default="", max_length=300)),
                ("id_number", accounts.fields.EncryptedTextField(null=True, purpose="id_number")),
                ("id_key", models.UUIDField(null=True)),
                ("name", models.CharField(blank=True, db_default="", max_length=80)),
                (
                    "category",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("extreme_poverty", "特困人员"),
                            ("orphan", "孤儿"),
                            ("unsupported_child", "事实无人抚养儿童"),
                            ("subsistence", "低保对象"),
                            ("subsistence_margin", "低保边缘家庭成员"),
                            ("illness_poverty", "因病致贫重病患者"),
                            ("relapsed_poverty", "返贫致贫人口"),
                            ("unstable_exit", "脱贫不稳定人口"),
                            ("marginal_risk", "边缘易致贫人口"),
                            ("sudden_hardship", "突发严重困难户"),
                            ("exited_poverty", "脱贫人口（未纳入监测）"),
                            ("exited_2014_2015", "2014、2015年退出户"),
                            ("severe_disability", "重度残疾人（一、二级）"),
                            ("special_care", "优抚对象"),
                            ("monastic", "寺庙僧尼"),
                            ("other_hardship", "县级以上政府规定的其他特殊困难人员"),
                        ],
                        db_default="",
                        max_length=30,
                    ),
                ),
                ("region_code", models.CharField(blank=True, db_default="", max_length=12)),
                ("household", models.CharField(blank=True, db_default="", max_length=40)),
                ("relation", models.CharField(blank=True, db_default="", max_length=20)),
                ("valid_from", models.DateField(null=True)),
                ("valid_to", models.DateField(null=True)),
                ("exit_reason", models.CharField(blank=True, db_default="", max_length=200)),
                ("phone", accounts.fields.EncryptedTextField(null=True, purpose="phone")),
                ("phone_key", models.UUIDField(null=True)),
                (
                    "person_id",
                    models.BigIntegerField(help_text="beneficiaries.Person found by identity number", null=True),
                ),
                (
                    "spell_id",
                    models.BigIntegerField(help_text="open beneficiaries.CategorySpell compared with", null=True),
                ),
                ("values", models.JSONField(db_default=models.Value({}, models.JSONField()), default=dict)),
                (
                    "decision",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("take_file", "采用来文姓名"),
                            ("keep_register", "保留登记姓名"),
                            ("alive", "死亡登记有误，此人健在"),
                            ("choose", "采用这一行"),
                            ("drop", "不采用这一行"),
                            ("reject", "退回部门核实"),
                        ],
                        db_default="",
                        max_length=15,
                        verbose_name="处理",
                    ),
                ),
                ("first", models.PositiveIntegerField(null=True)),
                ("last", models.PositiveIntegerField(null=True)),
            ],
            options={
                "db_table": "exchange_filerow",
                "managed": False,
            },
        ),
        migrations.AddField(
            model_name="stagedrow",
            name="said",
            field=models.UUIDField(help_text="keyed hash of the row's cells as they stand in the file", null=True),
        ),
        migrations.CreateModel(
            name="UnchangedRows",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("first", models.PositiveIntegerField(help_text="of the lines")),
                ("last", models.PositiveIntegerField()),
                (
                    "lines",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.PositiveIntegerField(), help_text="of the spreadsheet, ascending", size=None
                    ),
                ),
                (
                    "spells",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(),
                        help_text="beneficiaries.CategorySpell of each line",
                        size=None,
                    ),
                ),
                (
                    "persons",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), help_text="beneficiaries.Person of each line", size=None
                    ),
                ),
                (
                    "file",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="unchanged",
                        to="exchange.inboundfile",
                    ),
                ),
            ],
        ),
        migrations.RunSQL(PLAIN, migrations.RunSQL.noop),
        migrations.RunSQL(EVERY_ROW, "DROP VIEW exchange_filerow"),
    ]
