"""What the spells of a person promise: that the person is there, and that what one department certifies as one category
never overlaps, as known now.

An exclusion constraint would look for every row by itself, in an index whose upkeep was a fifth of the work of a
month's roster. These triggers put one question to all rows of a statement. Whoever writes spells of a person holds the
person's row until the transaction ends, so that two writers about the same person see each other.
"""

from typing import Final

import pgtrigger

from accounts.integrity import after

# Statements of their own: planned for the rows that there are, one or a hundred thousand.
_APART: Final = """
DECLARE
    asked bigint;
    found bigint;
    wrong text;
BEGIN
    EXECUTE $ask$
        SELECT count(DISTINCT f.person_id) FROM {rows}
    $ask$ INTO asked;
    IF asked = 0 THEN
        RETURN NULL;
    END IF;
    EXECUTE $ask$
        SELECT count(*) FROM (SELECT p.id FROM beneficiaries_person p WHERE p.id IN (SELECT f.person_id FROM {rows})
            ORDER BY p.id FOR NO KEY UPDATE) held
    $ask$ INTO found;
    IF found <> asked THEN
        RAISE EXCEPTION '% refers to nothing: person_id', TG_TABLE_NAME USING ERRCODE = 'foreign_key_violation';
    END IF;
    EXECUTE $ask$
        SELECT format('%s, %s', f.id, o.id) FROM {rows}
        JOIN beneficiaries_categoryspell o ON o.person_id = f.person_id AND o.category = f.category
            AND o.department = f.department AND o.id <> f.id AND o.known_to IS NULL
            AND daterange(o.valid_from, o.valid_to, '[]') && daterange(f.valid_from, f.valid_to, '[]')
        WHERE f.known_to IS NULL LIMIT 1
    $ask$ INTO wrong;
    IF wrong IS NOT NULL THEN
        RAISE EXCEPTION 'spell_no_overlap: %', wrong
            USING ERRCODE = 'exclusion_violation', CONSTRAINT = 'spell_no_overlap';
    END IF;
END;
RETURN NULL;
"""
_ALTERED: Final = """(SELECT n.* FROM fresh n JOIN was w ON w.id = n.id
            WHERE n.known_to IS NULL OR n.person_id <> w.person_id) f"""

TRIGGERS: Final = [
    after("apart_insert", pgtrigger.Insert, _APART.format(rows="fresh f"), new="fresh"),
    after("apart_update", pgtrigger.Update, _APART.format(rows=_ALTERED), old="was", new="fresh"),
]
