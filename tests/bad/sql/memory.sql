-- case: a text repeated two thousand million times
-- is: invalid
-- says: repeat would make more than 1048576 bytes of a constant
SELECT repeat('x', 2000000000)

-- case: a text padded on the left
-- is: invalid
-- says: lpad would make more than
SELECT lpad('x', 2000000000, 'y')

-- case: a text padded on the right in every row
-- is: invalid
-- says: rpad would make more than
SELECT max(rpad('x', value + 20000)) FROM generate_series(1, 8192)

-- case: a constant of a million letters in every row
-- is: too_large
SELECT max(lpad('x', 1000000)) FROM generate_series(1, 8192)

-- case: repeated repetition
-- is: invalid
-- says: repeat would make more than
SELECT repeat(repeat('x', 1000000), 1000000)

-- case: a list of two thousand million elements
-- is: invalid
-- says: array_repeat would make more than
SELECT array_repeat(1, 2000000000)

-- case: lists within lists
-- is: invalid
-- says: array_repeat would make more than
SELECT array_repeat(array_repeat(array_repeat(1, 1000), 1000), 1000)

-- case: a list made longer
-- is: invalid
-- says: array_resize would make more than
SELECT array_resize([1], 2000000000, 7)

-- case: letters replaced by texts, again and again
-- is: invalid
-- says: replace would make more than
SELECT length(replace(replace(replace(repeat('x', 1000000), 'x', '<<48|x>>'), 'x', '<<48|x>>'), 'x', '<<48|x>>'))

-- case: nothing replaced by a text
-- is: invalid
-- says: replace would make more than
SELECT length(replace(repeat('x', 1000000), '', '<<1000|y>>'))

-- case: patterns replaced by texts
-- is: invalid
-- says: regexp_replace would make more than
SELECT length(regexp_replace(repeat('x', 1000000), 'x', repeat('y', 1000), 'g'))

-- case: patterns replaced by what they found
-- is: invalid
-- says: regexp_replace would make more than
SELECT length(regexp_replace(repeat('x', 1000000), '(.*)', '<<1000|$1>>'))

-- case: a list joined by a long text
-- is: invalid
-- says: array_to_string would make more than
SELECT length(array_to_string(array_repeat('x', 60000), repeat('y', 1000000)))

-- case: a text put together of itself, doubled 30 times
-- is: too_large
WITH t0 AS (SELECT run_id || repeat('x', 1000000) AS s FROM runs)<<9|, t# AS (SELECT s || s || s || s || s || s || s || s AS s FROM t0)>> SELECT max(length(s || s || s || s || s || s || s || s || s || s || s || s || s || s || s || s || s || s || s || s || s || s || s || s || s || s || s || s || s || s || s || s || s || s || s || s || s || s || s || s)) FROM t9

-- case: a column put together of itself 400 times
-- is: too_large
SELECT length(s<<400| || s>>) FROM (SELECT repeat('x', 7000 + value % 2) AS s FROM generate_series(1, 8192))

-- case: concat of a long text a thousand times
-- is: invalid
-- says: concat would make more than
SELECT length(concat(s<<1000|, s>>)) FROM (SELECT repeat('x', 1000000) AS s)

-- case: a list of a long text a thousand times
-- is: invalid
-- says: make_array would make more than
SELECT make_array(s<<1000|, s>>) FROM (SELECT repeat('x', 1000000 + value) AS s FROM generate_series(1, 2))

-- case: 300 long texts of two rows
-- is: too_large
SELECT <<300|length(repeat('x', 30000000 + value * #)), >>1 FROM generate_series(1, 2)

-- case: 300 long texts of each row
-- is: too_large
SELECT <<300|length(repeat('x', 7000 + value % #)), >>1 FROM generate_series(1, 8192)

-- case: a literal in every row
-- is: too_large
SELECT max(s || s), max(s || 'a' || s) FROM (SELECT '<<100000|x>>' AS s, value FROM generate_series(1, 8192)) WHERE value > 0

-- case: long texts gathered
-- is: too_large
-- says: more memory
SELECT length(string_agg(repeat('x', 1000), '')) FROM generate_series(1, 10000000)

-- case: long texts gathered in a list
-- is: too_large
-- says: more memory
SELECT cardinality(array_agg(repeat('x', 1000 + value % 2))) FROM generate_series(1, 10000000)

-- case: a join whose smaller side does not fit
-- is: too_large
-- says: more memory
SELECT count(*) FROM generate_series(1, 50000000) AS a JOIN generate_series(1, 50000000) AS b ON a.value = b.value

-- case: a list unnested in every row
-- is: invalid
-- says: array_repeat would make more than
SELECT count(*) FROM (SELECT unnest(array_repeat(1, 1000000)) FROM generate_series(1, 1000000))

-- case: a short list unnested in every row, and the longest text beside it
-- is: too_large
SELECT count(*), max(s) FROM (SELECT unnest(array_repeat(1, 1000)), lpad('x', 100000) AS s FROM generate_series(1, 1000000))

-- case: a million lists of a million
-- is: invalid
-- says: array_repeat would make more than
SELECT count(*) FROM (SELECT unnest(array_repeat(value, 1000000)) FROM generate_series(1, 1000000))

-- case: a table of WITH that doubles itself
-- is: too_large
-- says: more memory
WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT n FROM t CROSS JOIN generate_series(1, 2)) SELECT count(*) FROM t

-- case: a text in time
-- is: ok
SELECT length(to_char(now(), '<<10000|%Y>>')) AS n

-- case: a text of many numbers
-- is: ok
-- says: {"n":500001}
SELECT cardinality(string_to_array(repeat('a,', 500000), ',')) AS n

-- case: a generated list outside of FROM
-- is: invalid
-- says: generate_series
SELECT generate_series(1, 1000000000)

-- case: a range outside of FROM
-- is: invalid
-- says: range
SELECT range(1, 1000000000)
