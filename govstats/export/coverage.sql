-- The states of `Panel.coverage`; in exports made only where the panel brings no table of its own of that name.
-- S02 and S03 fail where tables, lines or columns are not there, which says nothing of the figures; XF holds where a report only
-- agrees with a copy of itself.
CREATE OR REPLACE VIEW coverage AS
WITH
  reached AS (
    SELECT agency, year, count(source) AS documents, first(message ORDER BY source) FILTER (error IS NOT NULL) AS message,
      any_value(form) FILTER (coalesce(chosen, error IS NULL)) AS form, bool_or(coalesce(chosen, error IS NULL)) AS read
    FROM reports WHERE agency IS NOT NULL AND year IS NOT NULL GROUP BY agency, year
  ),
  spanned AS (
    SELECT agency, year
    FROM (SELECT DISTINCT agency FROM reached), (SELECT unnest(range(min(year), max(year) + 1)) AS year FROM reached)
  ),
  printed AS (SELECT agency, year, count(DISTINCT "table") AS tables FROM cells GROUP BY agency, year),
  asked AS (
    SELECT form, count(DISTINCT "table") AS asked
    FROM (SELECT unnest(string_split(forms, ' ')) AS form, "table" FROM variables) GROUP BY form
  ),
  wrong AS (
    SELECT
      agency, year,
      count(*) FILTER (status = 'fail' AND rule IN ('S02', 'S03')) AS gaps,
      count(*) FILTER (status = 'fail' AND rule NOT IN ('S02', 'S03')) AS failures,
      count(*) FILTER (status = 'pass' AND rule NOT IN ('S02', 'S03', 'XF')) AS passes,
      count(*) FILTER (status = 'not_assessable' AND rule NOT IN ('S02', 'S03', 'XF')) AS undecided
    FROM findings WHERE severity = 'E' AND decision IS DISTINCT FROM 'dismissed' GROUP BY agency, year
  ),
  judged AS (
    SELECT
      agency, year,
      CASE
        WHEN coalesce(documents, 0) = 0 THEN 'missing'
        WHEN NOT read THEN 'failed'
        WHEN tables IS NULL THEN 'without tables'
        WHEN failures > 0 THEN 'inconsistent'
        WHEN tables < asked OR gaps > 0 THEN 'incomplete'
        WHEN undecided > passes THEN 'undecided'
        ELSE 'consistent'
      END AS state,
      coalesce(documents, 0) AS documents, coalesce(failures, 0) AS failures, message
    FROM spanned
    LEFT JOIN reached USING (agency, year) LEFT JOIN printed USING (agency, year) LEFT JOIN wrong USING (agency, year)
    LEFT JOIN asked USING (form)
  )
SELECT agency, year, state, documents, failures, CASE WHEN state IN ('failed', 'missing') THEN message END AS message
FROM judged ORDER BY agency, year;
