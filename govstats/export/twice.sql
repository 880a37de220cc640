-- A cell that stands twice; first by a number for each, since to group two million cells by their names takes half a gigabyte.
WITH numbered AS NOT MATERIALIZED (
  SELECT *, hash(agency, year, "table", line, "column") AS number FROM cells WHERE agency IS NOT NULL AND year IS NOT NULL
), twice AS (SELECT number FROM numbered GROUP BY number HAVING count(*) > 1)
(SELECT agency, year, 'the cell ' || concat_ws('/', "table", line, "column"), count(*) FROM numbered
WHERE number IN (FROM twice) GROUP BY ALL HAVING count(*) > 1 LIMIT 1)
UNION ALL
-- a report with two chosen documents
(SELECT agency, year, 'a chosen report (' || string_agg(source, ', ') || ')', count(*) FROM reports
WHERE agency IS NOT NULL AND year IS NOT NULL AND coalesce(chosen, error IS NULL)
GROUP BY agency, year HAVING count(*) > 1 LIMIT 1)
