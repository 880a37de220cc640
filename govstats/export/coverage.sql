-- Made only where the panel brings no table of its own of that name.
CREATE OR REPLACE VIEW coverage AS
WITH
  printed AS (SELECT agency, year, count(*) AS cells FROM cells GROUP BY ALL),
  wrong AS (SELECT agency, year, count(*) AS failed FROM findings WHERE status = 'fail' AND severity = 'E' GROUP BY ALL),
  held AS (
    SELECT agency, year, count(*) AS documents, bool_and(error IS NOT NULL) AS lost
    FROM reports WHERE agency IS NOT NULL AND year IS NOT NULL GROUP BY ALL
  ),
  spanned AS (
    SELECT agency, year
    FROM (SELECT DISTINCT agency FROM held), (SELECT unnest(range(min(year), max(year) + 1)) AS year FROM held)
  )
SELECT
  agency, year, coalesce(documents, 0) AS documents, coalesce(failed, 0) AS failed,
  CASE
    WHEN documents IS NULL THEN 'missing'
    WHEN lost THEN 'failed'
    WHEN printed.cells IS NULL THEN 'without_tables'
    WHEN wrong.failed > 0 THEN 'inconsistent'
    ELSE 'read'
  END AS state
FROM spanned LEFT JOIN held USING (agency, year) LEFT JOIN printed USING (agency, year) LEFT JOIN wrong USING (agency, year)
ORDER BY agency, year;
