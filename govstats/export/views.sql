-- Views over the tables of `create_tables`; `wide` and `wide_status` are made in database.py, their columns being those of the forms.

-- beyond it not every whole number is a DOUBLE: what is read as more figures of a number than a count has, stays one
CREATE OR REPLACE MACRO is_count(figure) AS figure = trunc(figure) AND abs(figure) < 9007199254740992;
-- a figure that is not whole, and came in after the views were made, stops the query: no rounding
CREATE OR REPLACE MACRO whole(figure) AS CASE
  WHEN is_count(figure) THEN CAST(figure AS BIGINT)
  WHEN figure IS NOT NULL THEN CAST(error('a count is not whole: make the views again with govstats.export.add_views') AS BIGINT)
END;

-- the variables that are amounts, or counts of which one at least is not whole, or has more digits than a count
CREATE OR REPLACE TEMP VIEW not_whole AS
SELECT variable FROM variables WHERE unit = '万元' UNION
SELECT variable FROM cells JOIN variables USING ("table", line, "column") WHERE NOT is_count(value);

CREATE OR REPLACE VIEW figures_by_year AS
SELECT
  c.year, c.form, c."table", c.line, c."column", any_value(v.variable) AS variable,
  coalesce(any_value(v.label_zh), c.line || '·' || c."column") AS label_zh,
  coalesce(any_value(v.label_en), c.line || '·' || c."column") AS label_en,
  coalesce(any_value(v.unit), any_value(c.unit)) AS unit,
  count(*) AS reports,
  count(*) FILTER (c.status = 'reported') AS reported,
  count(*) FILTER (c.status = 'blank') AS blank,
  count(*) FILTER (c.status = 'not_applicable') AS not_applicable,
  count(*) FILTER (c.status = 'unreadable') AS unreadable,
  -- sum() of whole numbers would be a HUGEINT, which most clients turn into a float
  CASE WHEN bool_and(is_count(c.value) AND c.unit IS DISTINCT FROM '万元') AND is_count(sum(c.value)) THEN CAST(sum(c.value) AS BIGINT) END AS total_count,
  fsum(c.value) AS total
FROM cells c LEFT JOIN variables v USING ("table", line, "column")
GROUP BY c.year, c.form, c."table", c.line, c."column"
ORDER BY c.year, c.form, any_value(v.position) NULLS LAST, c."table", c.line, c."column";

CREATE OR REPLACE VIEW requests AS
SELECT
  c.agency, c.year, c.form, r.level, r.region, c.line, v.line_zh, v.line_en, c."column", v.column_zh, v.column_en,
  c.value, CASE WHEN is_count(c.value) THEN CAST(c.value AS BIGINT) END AS count, c.status, c.printed
FROM cells c
LEFT JOIN variables v USING ("table", line, "column")
LEFT JOIN (FROM reports WHERE coalesce(chosen, error IS NULL)) r ON c.agency = r.agency AND c.year = r.year
WHERE c."table" = 'requests'
ORDER BY c.agency, c.year, v.position;

CREATE OR REPLACE VIEW failed AS
SELECT
  f.agency, f.year, r.level, r.region, f.severity, f.rule, u.title_zh, u.title_en, f."table",
  f.expected, f.reported, f.difference, f.cells, f.message_zh, f.message_en, f.decision
FROM findings f
LEFT JOIN rules u USING (rule)
LEFT JOIN (FROM reports WHERE coalesce(chosen, error IS NULL)) r ON f.agency = r.agency AND f.year = r.year
WHERE f.status = 'fail'
ORDER BY f.agency, f.year, CASE f.severity WHEN 'E' THEN 1 WHEN 'W' THEN 2 ELSE 3 END, f.rule;

CREATE OR REPLACE VIEW codebook AS
SELECT
  v.variable, v."table", v.line, v."column", v.label_zh, v.label_en, v.unit, v.forms,
  count(*) FILTER (c.status = 'reported') AS reported,
  count(*) FILTER (c.status = 'blank') AS blank,
  count(*) FILTER (c.status = 'not_applicable') AS not_applicable,
  count(*) FILTER (c.status = 'unreadable') AS unreadable,
  min(c.value) AS minimum, max(c.value) AS maximum
FROM variables v LEFT JOIN cells c USING ("table", line, "column")
GROUP BY ALL
ORDER BY any_value(v.position);
