-- What each report carries over beside what the next one says it was handed: a row a column of table three and two years that
-- follow each other. `position` puts the columns in the order of the form.
WITH reports AS (SELECT DISTINCT agency, year FROM cells),
pairs AS (
  SELECT later.agency, later.year FROM reports AS later
  JOIN reports AS earlier ON later.agency IS NOT DISTINCT FROM earlier.agency AND later.year = earlier.year + 1
)
SELECT pairs.agency, pairs.year, "column",
  any_value(value) FILTER (line = 'carried_out') AS carried_out,
  any_value(value) FILTER (line = 'carried_in') AS carried_in,
  carried_in - carried_out AS difference,
  CASE WHEN difference IS NULL THEN 'unknown' WHEN difference = 0 THEN 'agree' ELSE 'disagree' END AS status
FROM pairs JOIN cells ON cells.agency IS NOT DISTINCT FROM pairs.agency
  AND (line = 'carried_out' AND cells.year = pairs.year - 1 OR line = 'carried_in' AND cells.year = pairs.year)
GROUP BY pairs.agency, pairs.year, "column"
ORDER BY pairs.agency, pairs.year, min(position)
