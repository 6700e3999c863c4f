-- case: a table is made
-- is: invalid
-- says: CREATE is not reading
CREATE TABLE t (a int)

-- case: a table is made of a query
-- is: invalid
-- says: CREATE is not reading
CREATE TABLE t AS SELECT * FROM runs

-- case: a table of a file is made
-- is: invalid
-- says: CREATE is not reading
CREATE EXTERNAL TABLE t STORED AS CSV LOCATION '{outside}/secret.csv'

-- case: an unbounded table of a file is made
-- is: invalid
-- says: CREATE is not reading
CREATE UNBOUNDED EXTERNAL TABLE t STORED AS PARQUET LOCATION '{outside}/secret.parquet'

-- case: a view is made
-- is: invalid
-- says: CREATE is not reading
CREATE OR REPLACE VIEW runs AS SELECT 1

-- case: a function is made
-- is: invalid
-- says: CREATE is not reading
CREATE FUNCTION f(a INT) RETURNS INT RETURN $1 + 1

-- case: a schema is made
-- is: invalid
-- says: CREATE is not reading
CREATE SCHEMA s

-- case: rows are inserted
-- is: invalid
-- says: INSERT is not reading
INSERT INTO runs VALUES (1)

-- case: rows are inserted by a query
-- is: invalid
-- says: INSERT is not reading
INSERT OVERWRITE runs SELECT * FROM runs

-- case: rows are inserted behind WITH
-- is: invalid
-- says: INSERT is not reading
WITH a AS (SELECT 1) INSERT INTO runs SELECT * FROM a

-- case: rows are inserted within WITH
-- is: invalid
WITH a AS (INSERT INTO runs VALUES (1) RETURNING *) SELECT * FROM a

-- case: rows are deleted within WITH
-- is: invalid
WITH a AS (DELETE FROM runs RETURNING *) SELECT * FROM a

-- case: rows are changed within WITH
-- is: invalid
WITH a AS (UPDATE runs SET name = 'x' RETURNING *) SELECT * FROM a

-- case: rows are inserted within brackets
-- is: invalid
(INSERT INTO runs VALUES (1))

-- case: rows are inserted within FROM
-- is: invalid
SELECT * FROM (INSERT INTO runs VALUES (1) RETURNING *) AS x

-- case: rows are changed
-- is: invalid
-- says: UPDATE is not reading
UPDATE runs SET name = 'x'

-- case: rows are deleted
-- is: invalid
-- says: DELETE is not reading
DELETE FROM runs

-- case: rows are deleted behind WITH
-- is: invalid
-- says: DELETE is not reading
WITH a AS (SELECT 1) DELETE FROM runs

-- case: rows are merged
-- is: invalid
-- says: MERGE is not reading
MERGE INTO runs USING points ON true WHEN MATCHED THEN DELETE

-- case: a table is emptied
-- is: invalid
-- says: TRUNCATE is not reading
TRUNCATE TABLE runs

-- case: a table is dropped
-- is: invalid
-- says: DROP is not reading
DROP TABLE runs

-- case: a table is altered
-- is: invalid
-- says: ALTER is not reading
ALTER TABLE runs ADD COLUMN x INT

-- case: rows are copied to a file
-- is: invalid
-- says: COPY is not reading
COPY runs TO '{outside}/written.csv'

-- case: a query is copied to a file
-- is: invalid
-- says: COPY is not reading
COPY (SELECT 1) TO '{outside}/written.parquet' STORED AS PARQUET

-- case: rows are copied to an address
-- is: invalid
-- says: COPY is not reading
COPY (SELECT 1) TO '{url}/x.csv'

-- case: rows are copied from a program
-- is: invalid
-- says: COPY is not reading
COPY runs FROM PROGRAM 'touch {outside}/written'

-- case: a query is unloaded
-- is: invalid
-- says: UNLOAD is not reading
UNLOAD (SELECT 1) TO '{outside}/written' WITH (format = 'CSV')

-- case: copying is explained
-- is: invalid
-- says: COPY is not reading
EXPLAIN COPY (SELECT 1) TO '{outside}/written.csv'

-- case: copying is explained and run
-- is: invalid
-- says: COPY is not reading
EXPLAIN ANALYZE COPY (SELECT 1) TO '{outside}/written.csv'

-- case: inserting is explained
-- is: invalid
-- says: INSERT is not reading
EXPLAIN INSERT INTO runs SELECT 1

-- case: inserting is explained and run
-- is: invalid
-- says: INSERT is not reading
EXPLAIN ANALYZE VERBOSE INSERT INTO runs SELECT 1

-- case: making a table is explained
-- is: invalid
-- says: CREATE is not reading
EXPLAIN CREATE TABLE t AS SELECT 1

-- case: setting is explained
-- is: invalid
EXPLAIN SET datafusion.catalog.information_schema = true

-- case: preparing is explained
-- is: invalid
EXPLAIN PREPARE p AS SELECT 1

-- case: explaining is explained
-- is: invalid
EXPLAIN EXPLAIN SELECT 1

-- case: an option is set
-- is: invalid
-- says: SET is not reading
SET datafusion.execution.batch_size = 1

-- case: an option is reset
-- is: invalid
-- says: RESET is not reading
RESET datafusion.execution.batch_size

-- case: a statement is prepared
-- is: invalid
-- says: PREPARE is not reading
PREPARE p(INT) AS SELECT $1

-- case: a prepared statement is run
-- is: invalid
-- says: EXECUTE is not reading
EXECUTE p(1)

-- case: text is run as a statement
-- is: invalid
-- says: EXECUTE is not reading
EXECUTE IMMEDIATE 'DROP TABLE runs'

-- case: a prepared statement is dropped
-- is: invalid
-- says: DEALLOCATE is not reading
DEALLOCATE p

-- case: a transaction
-- is: invalid
-- says: BEGIN is not reading
BEGIN

-- case: a commit
-- is: invalid
-- says: COMMIT is not reading
COMMIT

-- case: rights are given
-- is: invalid
-- says: GRANT is not reading
GRANT ALL ON runs TO PUBLIC

-- case: another database is attached
-- is: invalid
-- says: ATTACH is not reading
ATTACH '{outside}/other.db' AS other

-- case: an extension is loaded
-- is: invalid
-- says: LOAD is not reading
LOAD '{outside}/x.so'

-- case: a procedure is called
-- is: invalid
-- says: CALL is not reading
CALL p()

-- case: a pragma
-- is: invalid
-- says: PRAGMA is not reading
PRAGMA database_list

-- case: the table is vacuumed
-- is: invalid
-- says: VACUUM is not reading
VACUUM

-- case: a connection is killed
-- is: invalid
-- says: KILL is not reading
KILL 1

-- case: a query into a table
-- is: invalid
-- says: SELECT INTO is not reading
SELECT * INTO t FROM runs

-- case: a query into a file
-- is: invalid
SELECT * FROM runs INTO OUTFILE '{outside}/written.csv'

-- case: rows are locked
-- is: invalid
-- says: FOR UPDATE is not supported
SELECT * FROM runs FOR UPDATE

-- case: two statements, the second writes
-- is: invalid
-- says: one statement at a time
SELECT 1; DROP TABLE runs

-- case: writing behind a comment
-- is: invalid
-- says: DROP is not reading
/* SELECT 1 */ DROP TABLE runs

-- case: writing behind a semicolon
-- is: invalid
-- says: DROP is not reading
;;; DROP TABLE runs

-- case: a parameter without a value
-- is: invalid
SELECT $1

-- case: a question mark without a value
-- is: invalid
SELECT * FROM runs WHERE run_id = ?
