-- case: a file as a table
-- is: not_found
SELECT * FROM '{outside}/secret.csv'

-- case: a file as a quoted table
-- is: not_found
SELECT * FROM "{outside}/secret.csv"

-- case: a file as a table by its address
-- is: not_found
SELECT * FROM 'file://{outside}/secret.csv'

-- case: a folder as a table
-- is: not_found
SELECT * FROM '{outside}/'

-- case: a file with a star as a table
-- is: not_found
SELECT * FROM '{outside}/*.csv'

-- case: a path upwards as a table
-- is: not_found
SELECT * FROM '../../../../../../etc/passwd'

-- case: an address as a table
-- is: not_found
SELECT * FROM '{url}/secret.csv'

-- case: a quoted address as a table
-- is: not_found
SELECT * FROM "{url}/secret.parquet"

-- case: a bucket as a table
-- is: not_found
SELECT * FROM 's3://bucket/secret.parquet'

-- case: a file as a table in a join
-- is: not_found
SELECT * FROM runs JOIN '{outside}/secret.csv' ON true

-- case: a file as a table in a subquery
-- is: not_found
SELECT (SELECT count(*) FROM '{outside}/secret.csv')

-- case: a file as a table in WITH
-- is: not_found
WITH a AS (SELECT * FROM '{outside}/secret.csv') SELECT * FROM a

-- case: a file as a table in a condition
-- is: not_found
SELECT * FROM runs WHERE run_id IN (SELECT * FROM '{outside}/secret.csv')

-- case: a file as a table, explained
-- is: not_found
EXPLAIN SELECT * FROM '{outside}/secret.csv'

-- case: a file is described
-- is: not_found
DESCRIBE '{outside}/secret.csv'

-- case: a file's columns are shown
-- is: not_found
SHOW COLUMNS FROM '{outside}/secret.csv'

-- case: read_csv
-- is: invalid
-- says: no table function "read_csv"
SELECT * FROM read_csv('{outside}/secret.csv')

-- case: read_parquet
-- is: invalid
-- says: no table function "read_parquet"
SELECT * FROM read_parquet('{outside}/secret.parquet')

-- case: read_json
-- is: invalid
-- says: no table function "read_json"
SELECT * FROM read_json('{outside}/secret.json')

-- case: read_text
-- is: invalid
-- says: no table function "read_text"
SELECT * FROM read_text('{outside}/secret.csv')

-- case: read_blob in LATERAL
-- is: invalid
SELECT * FROM runs, LATERAL read_blob('{outside}/secret.csv') AS f

-- case: parquet_metadata
-- is: invalid
-- says: no table function "parquet_metadata"
SELECT * FROM parquet_metadata('{outside}/secret.parquet')

-- case: a glob of files
-- is: invalid
SELECT * FROM glob('{outside}/*')

-- case: a table function in TABLE()
-- is: invalid
SELECT * FROM TABLE(read_csv('{outside}/secret.csv'))

-- case: pg_read_file
-- is: invalid
-- says: pg_read_file
SELECT pg_read_file('{outside}/secret.csv')

-- case: load_extension
-- is: invalid
-- says: load_extension
SELECT load_extension('{outside}/x.so')

-- case: readfile of SQLite
-- is: invalid
-- says: readfile
SELECT readfile('{outside}/secret.csv')

-- case: getenv
-- is: invalid
-- says: getenv
SELECT getenv('HOME')

-- case: input_file_name
-- is: invalid
-- says: input_file_name
SELECT input_file_name()

-- case: a variable of the system
-- is: invalid
SELECT @@version

-- case: a variable of the user
-- is: invalid
SELECT @x

-- case: a shell command
-- is: invalid
!cat {outside}/secret.csv

-- case: a command of psql
-- is: invalid
\i {outside}/secret.csv

-- case: a text is a text and no file
-- is: ok
-- says: secret.csv
SELECT '{outside}/secret.csv' AS path
