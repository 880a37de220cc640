-- The documents of a panel in its order: of which vintage each is, and whether it is the one of its report whose cells count.
-- A document without a date belongs to the earliest vintage: nothing shows that it is a republication.
WITH dated AS (
  SELECT *, min(published) OVER (PARTITION BY agency, year) AS earliest FROM reports
),
of_vintage AS (
  SELECT * REPLACE (
    coalesce(vintage, dense_rank() OVER (PARTITION BY agency, year ORDER BY coalesce(published, earliest))) AS vintage
  ),
  cells - unreadable AS decided,
  -- What agencies publish, what people make of it, and pictures; of one kind the preferred format first.
  list_position(['html', 'word', 'pdf', 'excel', 'csv', 'markdown', 'text', 'image'], format) AS preference,
  -- The pages of a PDF document may be pictures.
  CASE WHEN recognised > 0 THEN 5 WHEN preference <= 3 THEN 1 WHEN preference <= 5 THEN 2 WHEN preference <= 7 THEN 3 ELSE 4 END AS kind
  FROM dated
),
compared AS (
  -- Of copies that read nearly as well as the best the first kind is chosen: what a copy lost or gained on its way is not told.
  SELECT *, decided < 0.9 * max(decided) OVER (PARTITION BY agency, year, vintage) AS poor FROM of_vintage
)
SELECT row, vintage, error IS NULL AND 1 = row_number() OVER (
  PARTITION BY agency, year, error IS NULL
  ORDER BY coalesce(cells, 0) = 0, vintage, poor, kind, decided DESC NULLS LAST, notes, preference, source, row
) AS chosen
FROM compared
ORDER BY min(region_code) OVER (PARTITION BY family) NULLS FIRST, family NULLS FIRST, agency NULLS FIRST, year NULLS FIRST,
  vintage NULLS FIRST, source NULLS FIRST, row
