-- The rows of documents in chunks, in the order of the documents: the fields in braces are filled in by building.py.
-- A key may stand in several chunks: only one of them is meant.
SELECT batch, {columns} FROM (
  SELECT * FROM read_parquet([{files}], filename = true, file_row_number = true) JOIN documents USING (key, filename)
  {more}
) ORDER BY position, file_row_number
