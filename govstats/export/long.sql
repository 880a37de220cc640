-- The long table for Stata and SPSS, which lack a codebook beside it.
SELECT c.agency, c.year, c.form, c."table", c.line, c."column", v.variable,
  coalesce(v.label_{language}, c.line || '·' || c."column") AS label,
  c.value, c.unit, c.status, c.printed, c.page, c.place, c.method
FROM cells c LEFT JOIN variables v USING ("table", line, "column")
ORDER BY c.agency, c.year, v.position NULLS LAST, c."table", c.line, c."column"
