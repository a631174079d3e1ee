from django.db import migrations, models

# An echo says that a spell stands as the department last said it, of a person of that name who lives. What supersedes a
# spell leaves it as it was; what alters it names one of these columns. Persons are many at once, spells hardly ever.
FORGET = """
CREATE FUNCTION forget_altered_echo() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM beneficiaries_spellecho WHERE spell_id = OLD.id;
  RETURN NULL;
END $$;
CREATE FUNCTION forget_spell_echo() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM beneficiaries_spellecho e USING before b WHERE e.spell_id = b.id;
  RETURN NULL;
END $$;
CREATE FUNCTION forget_person_echo() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM beneficiaries_spellecho e
  USING before b JOIN after a ON a.id = b.id JOIN beneficiaries_categoryspell s ON s.person_id = b.id
  WHERE e.spell_id = s.id AND (a.name, a.id_key, a.deceased_on, a.merged_into_id)
      IS DISTINCT FROM (b.name, b.id_key, b.deceased_on, b.merged_into_id);
  RETURN NULL;
END $$;
CREATE TRIGGER spell_echo_altered AFTER UPDATE OF person_id, category, department, region_id, valid_from, valid_to,
  household, relation, phone_key ON beneficiaries_categoryspell FOR EACH ROW EXECUTE FUNCTION forget_altered_echo();
CREATE TRIGGER spell_echo_deleted AFTER DELETE ON beneficiaries_categoryspell
  REFERENCING OLD TABLE AS before FOR EACH STATEMENT EXECUTE FUNCTION forget_spell_echo();
CREATE TRIGGER person_echo_updated AFTER UPDATE ON beneficiaries_person
  REFERENCING OLD TABLE AS before NEW TABLE AS after FOR EACH STATEMENT EXECUTE FUNCTION forget_person_echo();
"""
DROP = """
DROP TRIGGER person_echo_updated ON beneficiaries_person;
DROP TRIGGER spell_echo_deleted ON beneficiaries_categoryspell;
DROP TRIGGER spell_echo_altered ON beneficiaries_categoryspell;
DROP FUNCTION forget_person_echo();
DROP FUNCTION forget_spell_echo();
DROP FUNCTION forget_altered_echo();
"""
# What 0006 made; its functions speak of columns that are no longer there.
DROP_FORMER = """
DROP TRIGGER person_echo_updated ON beneficiaries_person;
DROP TRIGGER spell_echo_deleted ON beneficiaries_categoryspell;
DROP TRIGGER spell_echo_updated ON beneficiaries_categoryspell;
DROP FUNCTION forget_person_echo();
DROP FUNCTION forget_spell_echo();
"""


class Migration(migrations.Migration):
    # Echoes are derived: a department's next roster, once compared column by column, makes them anew.

    dependencies = [
        ("beneficiaries", "0016_untold_counted_from_the_index"),
    ]

    operations = [
        migrations.RunSQL(DROP_FORMER),
        migrations.DeleteModel("SpellEcho"),
        migrations.CreateModel(
            name="SpellEcho",
            fields=[
                (
                    "spell_id",
                    models.BigIntegerField(
                        help_text="beneficiaries.CategorySpell", primary_key=True, serialize=False
                    ),
                ),
                ("department", models.CharField(max_length=30)),
                ("said", models.UUIDField(help_text="exchange.reader.Batch.said")),
                ("content", models.UUIDField(help_text="exchange.reader.Batch.digests")),
            ],
        ),
        migrations.RunSQL(FORGET, DROP),
    ]
