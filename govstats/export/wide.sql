-- One row a report with one column a cell, holding its value or its status: the fields in braces are filled in by database.py.
WITH
  pairs AS (SELECT agency, year, any_value(form) AS form FROM cells GROUP BY agency, year),
  held AS (FROM reports WHERE coalesce(chosen, error IS NULL)),
  own AS (SELECT agency, year, count(*) AS own_lines FROM cells ANTI JOIN variables USING ("table", line, "column") GROUP BY ALL),
  base AS (
    SELECT agency, year, coalesce(pairs.form, held.form) AS form, level, region, region_code, department, published,
      coalesce(own_lines, 0) AS own_lines
    FROM pairs FULL JOIN held USING (agency, year) LEFT JOIN own USING (agency, year)
    WHERE agency IS NOT NULL AND year IS NOT NULL
  ),
  figures AS (
    SELECT agency, year, variable, {content} FROM cells JOIN variables USING ("table", line, "column")
    WHERE agency IS NOT NULL AND year IS NOT NULL
  ),
  pivoted AS (FROM figures PIVOT (first({content}) FOR variable IN ({names}) GROUP BY agency, year))
-- what tells reports apart, and what is known of each; then the cells
SELECT b.agency, b.year, b.form, b.level, b.region, b.region_code, b.department, b.published, b.own_lines{columns}
FROM base b LEFT JOIN pivoted p USING (agency, year) ORDER BY agency, year
