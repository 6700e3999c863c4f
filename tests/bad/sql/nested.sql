-- case: 60 lists within each other
-- is: ok
SELECT <<60|[>>1<<60|]>> AS n

-- case: 60 make_array within each other
-- is: ok
SELECT <<60|make_array(>>1<<60|)>> AS n

-- case: 60 structs within each other
-- is: ok
SELECT <<60|struct(>>1<<60|)>> AS n

-- case: a list of different types
-- is: invalid
SELECT [1, 'x', [2]]

-- case: an element far away
-- is: invalid
SELECT [1, 2][9223372036854775807] AS n

-- case: an element before the first
-- is: invalid
SELECT [1, 2][-9223372036854775808] AS n

-- case: a slice from far to far
-- is: invalid
SELECT array_slice([1, 2, 3], -9223372036854775808, 9223372036854775807) AS n

-- case: a slice of no steps
-- is: invalid
SELECT array_slice([1, 2, 3], 1, 3, 0)

-- case: a slice of the least step
-- is: internal
SELECT array_slice([1, 2, 3], 3, 1, -9223372036854775807) AS n

-- case: a list made shorter than nothing
-- is: internal
SELECT array_resize([1], -1)

-- case: a list repeated less than never
-- is: ok
SELECT array_repeat(1, -5) AS n

-- case: a map of keys without values
-- is: invalid
SELECT map(['a', 'b'], [1])

-- case: a map with a key twice
-- is: invalid
SELECT map(['a', 'a'], [1, 2])

-- case: a map with a key that is NULL
-- is: invalid
SELECT map([NULL], [1])

-- case: a field that a struct does not have
-- is: invalid
SELECT struct(1, 2)['nothing']

-- case: a struct with a name twice
-- is: ok
SELECT named_struct('a', 1, 'a', 2)

-- case: unnest of a number
-- is: invalid
SELECT unnest(1)

-- case: unnest of NULL
-- is: invalid
SELECT unnest(NULL) AS n

-- case: unnest within unnest
-- is: ok
SELECT unnest(unnest([[1, 2], [3]])) AS n

-- case: unnest in a condition
-- is: invalid
SELECT 1 WHERE unnest([true])

-- case: JSON of 100,000 brackets
-- is: ok
SELECT json_get(repeat('[', 100000), 0) AS n

-- case: JSON of 100,000 brackets, counted
-- is: ok
SELECT json_length(repeat('[', 100000) || repeat(']', 100000)) AS n

-- case: JSON of 100,000 maps
-- is: ok
SELECT json_get_str(repeat('{"a":', 100000), 'a', 'a', 'a') AS n

-- case: JSON that ends early
-- is: ok
SELECT json_get('{"a": [1, 2', 'a', 1) AS n

-- case: JSON with a number beyond all integers
-- is: ok
SELECT json_get_int('{"a": 99999999999999999999999999}', 'a') AS n

-- case: JSON at a place far away
-- is: ok
SELECT json_get('[1, 2]', 9223372036854775807) AS n

-- case: JSON at a place before the first
-- is: ok
SELECT json_get('[1, 2]', -1) AS n

-- case: JSON of half of a character
-- is: ok
SELECT json_get_str('{"a": "\ud800"}', 'a') AS n

-- case: JSON by 500 keys
-- is: ok
SELECT json_get('{}'<<500|, 'k#'>>) AS n

-- case: JSON that is no text
-- is: invalid
SELECT json_get(1, 'a')

-- case: a sort of lists of lists
-- is: ok
SELECT array_sort([[2], [1], NULL]) AS n

-- case: a distance of lists of unequal lengths
-- is: invalid
SELECT array_distance([1.0, 2.0], [1.0])

-- case: a list in a group
-- is: ok
SELECT count(*) AS n FROM (SELECT tags FROM runs GROUP BY tags)

-- case: lists compared
-- is: ok
SELECT [1, 2] < [1, 3] AS n

-- case: a key path through 300 maps
-- is: ok
SELECT config.a<<60|.a>> FROM runs

-- case: an index of a key beyond all places
-- is: ok
SELECT config.a[9223372036854775807] FROM runs

-- case: an index of a key that is negative
-- is: invalid
SELECT config.a[-1] FROM runs

-- case: a cast of a list to a number
-- is: invalid
SELECT CAST([1] AS INT)

-- case: union_extract of no union
-- is: invalid
SELECT union_extract(1, 'a')
