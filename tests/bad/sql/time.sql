-- case: a million millions of pairs
-- is: timeout
SELECT count(*) FROM generate_series(1, 1000000) AS a, generate_series(1, 1000000) AS b

-- case: half a million millions of pairs that match
-- is: timeout
SELECT count(*) FROM generate_series(1, 1000000) AS a JOIN generate_series(1, 1000000) AS b ON a.value % 2 = b.value % 2

-- case: pairs that match, and a condition that none meets
-- is: timeout
SELECT count(*) FROM generate_series(1, 1000000) AS a JOIN generate_series(1, 1000000) AS b ON a.value % 2 = b.value % 2 AND a.value + b.value < 0

-- case: pairs with a condition that most meet
-- is: timeout
SELECT count(*) FROM generate_series(1, 1000000) AS a JOIN generate_series(1, 1000000) AS b ON a.value < b.value + 7

-- case: pairs with a condition that none meets
-- is: timeout
SELECT count(*) FROM generate_series(1, 1000000) AS a JOIN generate_series(1, 1000000) AS b ON a.value + b.value < 0

-- case: a subquery with a condition that none meets
-- is: timeout
SELECT count(*) FROM generate_series(1, 1000000) AS a WHERE EXISTS (SELECT 1 FROM generate_series(1, 1000000) AS b WHERE a.value + b.value < 0)

-- case: a table of WITH without an end
-- is: timeout
WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM t) SELECT count(*) FROM t

-- case: a table of WITH that goes round
-- is: timeout
WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT 1 - n FROM t) SELECT count(*) FROM t

-- case: a cross join whose sides are long
-- is: timeout
SELECT count(*) FROM generate_series(1, 10000000) AS a CROSS JOIN generate_series(1, 10000000) AS b

-- case: the longest series
-- is: timeout
SELECT count(*) FROM generate_series(1, 9223372036854775807)

-- case: the longest series, sorted
-- is: timeout
SELECT value FROM generate_series(1, 9223372036854775807) ORDER BY value % 1000 DESC LIMIT 1

-- case: three tables without a condition
-- is: too_large
-- says: more memory
SELECT sum(a.value * b.value % c.value) FROM generate_series(1, 10000) AS a, generate_series(1, 10000) AS b, generate_series(1, 10000) AS c

-- case: rows of a list that never end
-- is: timeout
SELECT count(u) FROM (SELECT unnest([value, value, value]) AS u FROM generate_series(1, 9223372036854775807))

-- case: a regular expression for very many rows
-- is: timeout
SELECT count(*) FROM generate_series(1, 1000000000000) WHERE regexp_like('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' || value, '(a+)+b$')

-- case: a distance of two long texts
-- is: invalid
-- says: levenshtein would make more than
SELECT levenshtein(repeat('a', 1000000), repeat('b', 1000000))

-- case: a pattern of LIKE that is long
-- is: invalid
-- says: a pattern has 20000 bytes; 1024 are allowed
SELECT repeat('a', 1000000) LIKE repeat('%a', 10000)

-- case: a pattern of LIKE that is long in every row
-- is: invalid
-- says: 1024 are allowed
SELECT count(*) FROM generate_series(1, 10) WHERE 'a' LIKE repeat('%a', 1000 + value)

-- case: patterns of LIKE that differ from row to row
-- is: invalid
-- says: more than 64 patterns
SELECT count(*) FROM generate_series(1, 1000) WHERE 'a' LIKE '%' || value

-- case: a regular expression that is long
-- is: invalid
-- says: 1024 are allowed
SELECT regexp_like('a', repeat('a?', 1000))

-- case: regular expressions that differ from row to row
-- is: invalid
-- says: more than 64 patterns
SELECT sum(regexp_count('a', '\w{30}x' || value)) FROM generate_series(1, 100000)

-- case: an operator with regular expressions that differ from row to row
-- is: invalid
-- says: more than 64 patterns
SELECT count(*) FROM generate_series(1, 100000) WHERE 'a' ~ ('\w{30}x' || value)

-- case: a regular expression that goes back
-- is: ok
-- says: {"n":false}
SELECT regexp_like(repeat('a', 30), '(a+)+$' || 'b') AS n

-- case: a regular expression of many counts
-- is: invalid
SELECT regexp_like('a', '((((((a{1,100}){1,100}){1,100}){1,100}){1,100}){1,100})')

-- case: a regular expression with a large count
-- is: invalid
SELECT regexp_like('a', 'a{1000000}')

-- case: a regular expression that looks around
-- is: invalid
SELECT regexp_like('a', '(?=a)a')

-- case: a regular expression that is open
-- is: invalid
SELECT regexp_like('a', '(((')

-- case: a glob of stars
-- is: ok
SELECT glob(repeat('a', 100000), '*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b') AS n

-- case: a glob that is long
-- is: invalid
SELECT glob('a', repeat('a', 2000))
