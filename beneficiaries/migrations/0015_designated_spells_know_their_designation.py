import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """The same column and index, known to Django as a reference without a constraint."""

    dependencies = [
        ('beneficiaries', '0014_designations'),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RemoveField(
                    model_name='designatedspell',
                    name='designation_id',
                ),
                migrations.AddField(
                    model_name='designatedspell',
                    name='designation',
                    field=models.ForeignKey(db_constraint=False, default=0, on_delete=django.db.models.deletion.DO_NOTHING, related_name='counted', to='beneficiaries.designation'),
                    preserve_default=False,
                ),
            ],
        ),
    ]
