-- case: tables of the information schema
-- is: not_found
-- says: information_schema.tables
SELECT * FROM information_schema.tables

-- case: settings of the information schema
-- is: not_found
SELECT * FROM information_schema.df_settings

-- case: a quoted information schema
-- is: not_found
SELECT * FROM "information_schema"."columns"

-- case: the information schema of a catalogue
-- is: not_found
SELECT * FROM datafusion.information_schema.tables

-- case: the information schema of our catalogue
-- is: not_found
SELECT * FROM store.information_schema.tables

-- case: the catalogue of PostgreSQL
-- is: not_found
SELECT * FROM pg_catalog.pg_tables

-- case: the catalogue of SQLite
-- is: not_found
SELECT * FROM sqlite_master

-- case: all settings
-- is: invalid
-- says: SHOW
SHOW ALL

-- case: one setting
-- is: invalid
-- says: SHOW
SHOW datafusion.catalog.location

-- case: all functions
-- is: invalid
-- says: SHOW
SHOW FUNCTIONS

-- case: all databases
-- is: invalid
-- says: SHOW
SHOW DATABASES

-- case: how a table was made
-- is: invalid
-- says: SHOW
SHOW CREATE TABLE runs

-- case: our catalogue's name in front of a table
-- is: not_found
SELECT * FROM store.main.runs

-- case: another catalogue in front of a table
-- is: not_found
SELECT * FROM other.main.runs

-- case: four names for a table
-- is: not_found
SELECT * FROM a.b.c.runs

-- case: a table without a name
-- is: not_found
SELECT * FROM ""

-- case: a table that is not ours to show
-- is: not_found
SELECT * FROM wbq.users

-- case: keys are no table
-- is: not_found
SELECT * FROM api_keys

-- case: a table that WITH hides
-- is: ok
-- says: {"n":7}
WITH runs AS (SELECT 7 AS n) SELECT n FROM runs

-- case: the secret of the store in its events
-- is: ok
-- says: {"n":0}
SELECT count(*) AS n FROM events WHERE body LIKE '%secret%'

-- case: an option as a column
-- is: invalid
-- says: batch_size
SELECT datafusion.execution.batch_size

-- case: a table by number
-- is: invalid
SELECT * FROM 1

-- case: a table with options
-- is: invalid
SELECT * FROM runs WITH (NOLOCK)

-- case: a sample of a table
-- is: invalid
SELECT * FROM runs TABLESAMPLE BERNOULLI (10)

-- case: a version of a table
-- is: invalid
SELECT * FROM runs FOR SYSTEM_TIME AS OF '2020-01-01'

-- case: a pipe
-- is: invalid
FROM runs |> SELECT run_id
