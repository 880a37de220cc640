-- A note on each report of which it is not known whose it is among several agencies of that name.
UNION ALL BY NAME SELECT batch, position, agency, year, 'undecided_agency' AS kind, '' AS "table", '' AS line, '' AS "column",
  agency_printed AS printed, '' AS place, note_zh AS message_zh, note_en AS message_en
FROM documents WHERE basis = 'undecided'
