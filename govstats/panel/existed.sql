-- The coverage of a panel without the years in which an agency did not exist, unless there is a document; what `expected` does not
-- know stays.
FROM coverage AS c WHERE documents > 0
  OR NOT EXISTS (FROM expected AS e WHERE e.agency = c.agency)
  OR EXISTS (FROM expected AS e WHERE e.agency = c.agency AND c.year BETWEEN coalesce(e."from", 0) AND coalesce(e.until, 9999))
