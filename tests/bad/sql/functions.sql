-- case: a function that is none
-- is: invalid
-- says: flor
SELECT flor(1)

-- case: sleep
-- is: invalid
-- says: pg_sleep
SELECT pg_sleep(100)

-- case: system
-- is: invalid
-- says: system
SELECT system('touch {outside}/written')

-- case: md5, which is not built
-- is: invalid
-- says: md5
SELECT md5('x')

-- case: a function of a schema
-- is: invalid
SELECT pg_catalog.version()

-- case: a function of files
-- is: invalid
-- says: file_row_index
SELECT file_row_index()

-- case: the function that holds
-- is: invalid
-- says: held
SELECT held(1)

-- case: the function that checks patterns
-- is: invalid
-- says: pattern
SELECT pattern('a')

-- case: a table function as a function
-- is: invalid
SELECT runs_at('2020-01-01')

-- case: an aggregate in a condition
-- is: invalid
SELECT 1 FROM runs WHERE count(*) > 1

-- case: an aggregate in an aggregate
-- is: invalid
SELECT sum(count(*)) FROM runs

-- case: an aggregate of nothing
-- is: invalid
SELECT sum()

-- case: a function with too many arguments
-- is: invalid
SELECT abs(1<<1000|, 1>>)

-- case: a function with a name for an argument
-- is: invalid
SELECT substr(text => 'abc', nothing => 1)

-- case: a column that a group does not have
-- is: invalid
SELECT name, count(*) FROM runs GROUP BY state

-- case: a place in ORDER BY that is none
-- is: invalid
SELECT 1 ORDER BY 7

-- case: a place in GROUP BY that is none
-- is: invalid
SELECT 1 GROUP BY 7

-- case: a place in ORDER BY beyond all integers
-- is: invalid
SELECT 1 AS n ORDER BY 99999999999999999999

-- case: a union of unequal widths
-- is: invalid
SELECT 1 UNION ALL SELECT 1, 2

-- case: a union of types that do not meet
-- is: invalid
SELECT [1] UNION ALL SELECT DATE '2020-01-01'

-- case: a subquery of two columns as a value
-- is: invalid
SELECT (SELECT 1, 2)

-- case: a subquery of two rows as a value
-- is: invalid
SELECT (SELECT value FROM generate_series(1, 2)) AS n

-- case: a join by a column that is not there
-- is: invalid
SELECT * FROM runs JOIN history USING (nothing)

-- case: a natural join of all tables
-- is: ok
SELECT count(*) AS n FROM runs NATURAL JOIN history

-- case: a join of a kind that is none
-- is: invalid
SELECT * FROM runs ASOF JOIN history MATCH_CONDITION (true) ON true

-- case: two references to a table of WITH in itself
-- is: invalid
-- says: multiple recursive references
WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT a.n FROM t AS a, t AS b) SELECT count(*) FROM t

-- case: a table of WITH that is only itself
-- is: invalid
WITH RECURSIVE t AS (SELECT * FROM t) SELECT * FROM t

-- case: a table of WITH in itself without RECURSIVE
-- is: not_found
WITH t AS (SELECT * FROM t) SELECT * FROM t

-- case: tables of WITH in each other
-- is: not_found
WITH RECURSIVE a AS (SELECT * FROM b), b AS (SELECT * FROM a) SELECT * FROM a

-- case: a table of WITH that ends
-- is: ok
-- says: {"n":1000}
WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM t WHERE n < 1000) SELECT count(*) AS n FROM t

-- case: explain in a form that is none
-- is: invalid
EXPLAIN FORMAT NOTHING SELECT 1

-- case: explain and run what never ends
-- is: timeout
EXPLAIN ANALYZE SELECT count(*) FROM generate_series(1, 1000000) AS a JOIN generate_series(1, 1000000) AS b ON a.value + b.value < 0

-- case: explain does not run
-- is: ok
EXPLAIN SELECT count(*) FROM generate_series(1, 9223372036854775807) AS a, generate_series(1, 9223372036854775807) AS b

-- case: QUALIFY without a window
-- is: invalid
SELECT run_id FROM runs QUALIFY run_id = 'a'

-- case: random for every row
-- is: ok
SELECT count(random()) AS n FROM generate_series(1, 1000)

-- case: a column that is none
-- is: invalid
SELECT nothing FROM runs

-- case: rowid of SQLite
-- is: invalid
SELECT rowid FROM runs

-- case: a CUBE of eight columns
-- is: ok
SELECT count(*) AS n FROM (SELECT count(*) FROM runs GROUP BY CUBE(run_id, name, state, project, entity, generation, author, host))
