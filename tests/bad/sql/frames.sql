-- case: a frame that reaches beyond all rows
-- is: too_large
-- says: a frame reaches further than 4294967296 rows
SELECT sum(value) OVER (ORDER BY value ROWS BETWEEN 18446744073709551615 PRECEDING AND 18446744073709551615 FOLLOWING) FROM generate_series(1, 5)

-- case: a frame of groups that reaches beyond all rows
-- is: too_large
-- says: a frame reaches further than 4294967296 rows
SELECT sum(value) OVER (ORDER BY value GROUPS BETWEEN 9223372036854775807 PRECEDING AND CURRENT ROW) FROM generate_series(1, 5)

-- case: a frame of two million rows
-- is: ok
SELECT max(s) AS n FROM (SELECT sum(value) OVER (ORDER BY value ROWS BETWEEN 1000000 PRECEDING AND 1000000 FOLLOWING) AS s FROM generate_series(1, 100000))

-- case: a frame of values beyond all integers
-- is: ok
SELECT sum(value) OVER (ORDER BY value RANGE BETWEEN 9223372036854775807 PRECEDING AND 9223372036854775807 FOLLOWING) AS s FROM generate_series(1, 5)

-- case: a frame before nothing
-- is: invalid
SELECT sum(value) OVER (ORDER BY value ROWS BETWEEN -1 PRECEDING AND CURRENT ROW) FROM generate_series(1, 5)

-- case: a frame that ends before it begins
-- is: invalid
SELECT sum(value) OVER (ORDER BY value ROWS BETWEEN CURRENT ROW AND 1 PRECEDING) FROM generate_series(1, 5)

-- case: a frame of no number
-- is: invalid
SELECT sum(value) OVER (ORDER BY value ROWS BETWEEN 'x' PRECEDING AND CURRENT ROW) FROM generate_series(1, 5)

-- case: a list of all rows in each row
-- is: too_large
-- says: array_agg works out each row of its whole frame, which may have 1000 rows
SELECT array_agg(value) OVER (ORDER BY value) FROM generate_series(1, 100000)

-- case: a list of all rows in each row, without an order
-- is: too_large
-- says: array_agg works out each row of its whole frame
SELECT array_agg(value) OVER () FROM generate_series(1, 100000)

-- case: a list of 50,000 rows in each row
-- is: too_large
-- says: array_agg works out each row of its whole frame
SELECT array_agg(value) OVER (ORDER BY value ROWS 50000 PRECEDING) FROM generate_series(1, 100000)

-- case: a text of all rows in each row
-- is: too_large
-- says: string_agg works out each row of its whole frame
SELECT string_agg('abc', ',') OVER (ORDER BY value) FROM generate_series(1, 100000)

-- case: the median of all rows so far
-- is: too_large
-- says: median works out each row of its whole frame
SELECT median(value) OVER (ORDER BY value) FROM generate_series(1, 1000000)

-- case: the median of 200,000 rows
-- is: too_large
-- says: median works out each row of its whole frame
SELECT median(value) OVER (ORDER BY value ROWS BETWEEN 100000 PRECEDING AND 100000 FOLLOWING) FROM generate_series(1, 1000000)

-- case: the median of ten rows
-- is: ok
-- says: {"m":4.0}
SELECT max(m) AS m FROM (SELECT median(value * 1.0) OVER (ORDER BY value ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) AS m FROM generate_series(1, 5))

-- case: the median of all rows
-- is: ok
-- says: {"m":3.0}
SELECT max(m) AS m FROM (SELECT median(value * 1.0) OVER () AS m FROM generate_series(1, 5))

-- case: a histogram of all rows so far
-- is: ok
-- says: {"n":1000}
SELECT count(h) AS n FROM (SELECT histogram(value, 10) OVER (ORDER BY value) AS h FROM generate_series(1, 1000))

-- case: tiles of nothing
-- is: invalid
SELECT ntile(0) OVER (ORDER BY value) FROM generate_series(1, 5)

-- case: very many tiles
-- is: ok
SELECT ntile(9223372036854775807) OVER (ORDER BY value) AS t FROM generate_series(1, 5)

-- case: far before and far behind
-- is: ok
SELECT lag(value, 9223372036854775807) OVER (ORDER BY value) AS a, lead(value, -9223372036854775808) OVER (ORDER BY value) AS b FROM generate_series(1, 5)

-- case: a very late value
-- is: ok
SELECT nth_value(value, 9223372036854775807) OVER (ORDER BY value) AS a FROM generate_series(1, 5)

-- case: the nothingth value
-- is: ok
SELECT nth_value(value, 0) OVER (ORDER BY value) AS a FROM generate_series(1, 5)

-- case: a window in a window
-- is: invalid
SELECT sum(sum(value) OVER ()) OVER () FROM generate_series(1, 5)

-- case: smoothing beyond its range
-- is: invalid
-- says: gaussian takes a sigma
SELECT gaussian(value, 100000) OVER (ORDER BY value) FROM generate_series(1, 5)

-- case: a limit of all integers
-- is: ok
SELECT value FROM generate_series(1, 3) ORDER BY value LIMIT 9223372036854775807

-- case: a limit and an offset of all integers
-- is: ok
SELECT value FROM generate_series(1, 3) ORDER BY value LIMIT 9223372036854775807 OFFSET 9223372036854775807

-- case: a limit beyond all integers
-- is: invalid
SELECT 1 LIMIT 18446744073709551615

-- case: a limit below nothing
-- is: invalid
-- says: LIMIT must be >= 0
SELECT 1 LIMIT -1

-- case: an offset below nothing
-- is: invalid
-- says: OFFSET must be >=0
SELECT 1 OFFSET -1

-- case: a limit that is text
-- is: invalid
SELECT 1 LIMIT 'x'

-- case: a limit that is asked for
-- is: invalid
SELECT 1 LIMIT (SELECT 1)

-- case: a limit of nothing
-- is: ok
SELECT value FROM generate_series(1, 9223372036854775807) ORDER BY value LIMIT 0

-- case: a limit of a million of a million millions
-- is: ok
-- says: {"n":10}
SELECT count(*) AS n FROM (SELECT * FROM generate_series(1, 1000000) AS a, generate_series(1, 1000000) AS b LIMIT 10)

-- case: a series of no steps
-- is: invalid
-- says: step
SELECT * FROM generate_series(1, 10, 0)

-- case: a series of months that are none
-- is: invalid
SELECT count(*) FROM generate_series(DATE '2020-01-01', DATE '2021-01-01', INTERVAL '0 month')

-- case: a series that ends with the integers
-- is: ok
-- says: {"n":8}
SELECT count(*) AS n FROM generate_series(9223372036854775800, 9223372036854775807)

-- case: a series of unknown length
-- is: ok
SELECT * FROM generate_series(NULL, 10)

-- case: a series of a column
-- is: invalid
SELECT * FROM runs, generate_series(1, generation)
