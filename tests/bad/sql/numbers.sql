-- case: an integer divided by nothing
-- is: invalid
-- says: ivide by zero
SELECT 1 / 0

-- case: the rest of nothing
-- is: invalid
-- says: ivide by zero
SELECT value % 0 FROM generate_series(1, 5)

-- case: a float divided by nothing
-- is: ok
-- says: "Infinity"
SELECT 1.0e0 / 0.0e0 AS n

-- case: nothing divided by nothing
-- is: ok
-- says: "NaN"
SELECT 0.0e0 / 0.0e0 AS n

-- case: the least integer divided by minus one
-- is: invalid
-- says: verflow
SELECT (-9223372036854775807 - 1) / -1

-- case: the rest of the least integer by minus one
-- is: ok
SELECT (-9223372036854775807 - value) % -1 AS n FROM generate_series(1, 1)

-- case: the largest integer and one
-- is: ok
SELECT 9223372036854775807 + 1 AS n

-- case: the largest integer and one of a column
-- is: ok
SELECT 9223372036854775807 + value AS n FROM generate_series(1, 1)

-- case: the least integer without its sign
-- is: invalid
-- says: verflow
SELECT abs(-9223372036854775807 - value) FROM generate_series(1, 1)

-- case: the least integer with another sign
-- is: ok
SELECT -(-9223372036854775807 - value) AS n FROM generate_series(1, 1)

-- case: a sum beyond all integers
-- is: ok
SELECT sum(9223372036854775807) AS n FROM generate_series(1, 3)

-- case: div by nothing
-- is: invalid
SELECT div(1, 0) AS n

-- case: div of the least integer
-- is: invalid
SELECT div(-9223372036854775807 - value, -1) AS n FROM generate_series(1, 1)

-- case: a factorial beyond all integers
-- is: invalid
-- says: FACTORIAL
SELECT factorial(1000000)

-- case: a power beyond all floats
-- is: ok
-- says: "Infinity"
SELECT power(10.0e0, 400) AS n

-- case: a power beyond all integers
-- is: ok
SELECT power(2, 64) AS n

-- case: the root of a negative
-- is: invalid
SELECT sqrt(-1) AS n

-- case: the logarithm of nothing
-- is: ok
SELECT ln(0) AS n

-- case: the least common multiple beyond all integers
-- is: invalid
-- says: verflow
SELECT lcm(9223372036854775807, 9223372036854775806)

-- case: the greatest common divisor of the least integers
-- is: invalid
-- says: verflow
SELECT gcd(-9223372036854775807 - value, -9223372036854775807 - value) FROM generate_series(1, 1)

-- case: rounding beyond all places
-- is: ok
SELECT round(1.5, 2147483647) AS n

-- case: rounding beyond all places before the point
-- is: ok
SELECT round(1.5, -2147483648) AS n

-- case: cutting beyond all places
-- is: ok
SELECT trunc(1.5, 9223372036854775807) AS n

-- case: shifting beyond all bits
-- is: ok
SELECT 1 << 64 AS n

-- case: shifting by a negative
-- is: ok
SELECT 1 >> -1 AS n

-- case: a text cast to a number
-- is: invalid
-- says: ast
SELECT CAST('x' AS INT)

-- case: a number cast beyond its type
-- is: invalid
-- says: ast
SELECT CAST(300 AS TINYINT)

-- case: a float cast beyond all integers
-- is: invalid
-- says: ast
SELECT CAST(1e300 AS BIGINT)

-- case: NaN cast to an integer
-- is: invalid
-- says: ast
SELECT CAST('NaN'::double AS BIGINT)

-- case: a decimal of too many digits
-- is: invalid
SELECT CAST(1 AS DECIMAL(1000, 2))

-- case: a decimal with more digits behind the point than it has
-- is: invalid
SELECT CAST(1 AS DECIMAL(2, 100))

-- case: a product of decimals beyond their digits
-- is: invalid
SELECT CAST('99999999999999999999999999999999999999' AS DECIMAL(38, 0)) * CAST('99999999999999999999999999999999999999' AS DECIMAL(38, 0))

-- case: a type that is none
-- is: invalid
SELECT CAST(1 AS NOTHING)

-- case: a type of Arrow that is none
-- is: invalid
SELECT arrow_cast(1, 'Nothing')

-- case: a type of Arrow that is deep
-- is: ok
SELECT arrow_cast(1, '<<60|List(>>Int64<<60|)>>')

-- case: a type of Arrow that is very deep
-- is: too_large
SELECT arrow_cast(1, '<<40000|List(>>Int64<<40000|)>>')

-- case: a list of SQL of a fixed size that is too large
-- is: too_large
-- says: a type has a length over 65536
SELECT CAST([1] AS INT[2147483647])

-- case: a list of lists of lists
-- is: too_large
-- says: a type has more than 64 types within it
SELECT CAST(NULL AS INT<<6000|[]>>)

-- case: a fixed size that is too large
-- is: too_large
SELECT arrow_cast('x', 'FixedSizeBinary(2147483647)')

-- case: a list of a fixed size that is too large
-- is: too_large
SELECT arrow_cast([1], 'FixedSizeList(2147483647, Int64)')

-- case: a day that is none
-- is: invalid
SELECT DATE '2020-02-30'

-- case: a time far before all times
-- is: invalid
SELECT TIMESTAMP '-9999-01-01 00:00:00'

-- case: a time far behind all times
-- is: invalid
SELECT TIMESTAMP '99999-01-01 00:00:00'

-- case: seconds beyond all times
-- is: invalid
SELECT to_timestamp(9223372036854775807)

-- case: a time of nanoseconds beyond its type
-- is: invalid
SELECT CAST(TIMESTAMP '0001-01-01 00:00:00' AS TIMESTAMP(9))

-- case: a time and an interval beyond all times
-- is: invalid
SELECT now() + INTERVAL '1000000 years'

-- case: an interval beyond all intervals
-- is: invalid
SELECT INTERVAL '99999999999999999999 years'

-- case: an interval of nothing
-- is: invalid
SELECT INTERVAL 'x'

-- case: a bin of no length
-- is: invalid
SELECT date_bin(INTERVAL '0 seconds', now())

-- case: a bin of a negative length
-- is: ok
SELECT date_bin(INTERVAL '-1 seconds', now())

-- case: a bin of months before all times
-- is: ok
SELECT date_bin(INTERVAL '1 month', TIMESTAMP '1677-10-01', TIMESTAMP '2262-01-01') AS n

-- case: a part of a time that is none
-- is: invalid
SELECT date_part('nothing', now())

-- case: a zone that is none
-- is: invalid
SELECT now() AT TIME ZONE 'Nowhere/Else'

-- case: a day made of too large a year
-- is: invalid
SELECT make_date(2147483647, 1, 1)

-- case: a format of time that is wrong
-- is: invalid
SELECT to_char(now(), '%!')

-- case: a moment of the past that is none
-- is: invalid
SELECT * FROM runs_at('yesterday week')

-- case: a moment far before the store
-- is: ok
SELECT count(*) AS n FROM runs_at('1970-01-01')

-- case: a position beyond the log
-- is: ok
SELECT count(*) AS n FROM runs_at('lsn:18446744073709551615')

-- case: a percentile beyond all
-- is: invalid
SELECT approx_percentile_cont(value, 1.5) FROM generate_series(1, 5)

-- case: buckets beyond all
-- is: invalid
SELECT histogram(value, 2000000000) FROM generate_series(1, 5)

-- case: a bucket of no width
-- is: invalid
SELECT bucket(value, 0) FROM generate_series(1, 5)
