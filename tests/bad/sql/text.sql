-- case: nothing
-- is: invalid
-- says: there is no statement
 

-- case: a comment alone
-- is: invalid
-- says: there is no statement
-- nothing

-- case: semicolons alone
-- is: invalid
-- says: there is no statement
;;;;

-- case: a text that nobody closes
-- is: invalid
SELECT 'open

-- case: a name that nobody closes
-- is: invalid
SELECT "open

-- case: a comment that nobody closes
-- is: invalid
SELECT 1 /* open

-- case: a text in dollars that nobody closes
-- is: invalid
SELECT $$open

-- case: a comment that some would run
-- is: invalid
-- says: comments do not begin with /*!
SELECT 1 /*! ; DROP TABLE runs */

-- case: comments within comments
-- is: ok
SELECT 1 <<1000|/* >><<1000| */>>

-- case: 100,000 comments within comments
-- is: ok
SELECT 1 <<60000|/*>><<60000|*/>>

-- case: a NUL in a text
-- is: ok
SELECT length('a{nul}b') AS n

-- case: a NUL between words
-- is: invalid
SELECT{nul}1

-- case: a NUL in a name
-- is: invalid
SELECT "run{nul}id" FROM runs

-- case: a NUL in a key
-- is: ok
SELECT summary."a{nul}b" FROM runs

-- case: a NUL in the name of a table
-- is: not_found
SELECT * FROM "runs{nul}"

-- case: a character that is none
-- is: invalid
-- says: nicode
SELECT chr(1114112)

-- case: half of a character
-- is: invalid
SELECT chr(55296)

-- case: an escape of half of a character
-- is: invalid
SELECT U&'\D800'

-- case: an escape of no character
-- is: invalid
SELECT U&'\+110000'

-- case: an escape that ends early
-- is: invalid
SELECT E'\u12'

-- case: letters that look like others in a keyword
-- is: invalid
SЕLECT 1

-- case: letters that look like others in a table
-- is: not_found
SELECT * FROM rսns

-- case: wide letters in a keyword
-- is: invalid
ＳＥＬＥＣＴ 1

-- case: writing from right to left
-- is: ok
SELECT '‮1 TCELES' AS n

-- case: quotes of other scripts
-- is: invalid
SELECT ‘a’

-- case: a space of no width in a keyword
-- is: invalid
SEL​ECT 1

-- case: a mark of byte order
-- is: invalid
﻿SELECT 1

-- case: accents upon accents
-- is: ok
SELECT length('a<<10000|́>>') AS n

-- case: a name that is folded to another
-- is: not_found
SELECT * FROM RUNſ

-- case: capitals that grow
-- is: ok
SELECT length(upper(repeat('ŉ', 100000))) AS n

-- case: a line of carriage returns
-- is: ok
SELECT<<10000|{cr}>> 1 AS n

-- case: a text of quotes
-- is: ok
SELECT length('<<100000|''>>') AS n

-- case: backslashes at the end of a text
-- is: ok
SELECT '\' AS n

-- case: an alias that ends a JSON text
-- is: ok
SELECT 1 AS "a"",""b"

-- case: an alias that is markup
-- is: ok
SELECT 1 AS "<script>alert(1)</script>"

-- case: an empty alias
-- is: ok
SELECT 1 AS ""

-- case: the same alias a thousand times
-- is: invalid
SELECT 1 AS a<<1000|, 1 AS a>>

-- case: a number of two points
-- is: invalid
SELECT 1.2.3

-- case: a number in sixteens beyond all integers
-- is: ok
SELECT X'<<1000|ff>>' AS n

-- case: sixteens that are none
-- is: invalid
SELECT X'xyz'

-- case: bytes that are no text
-- is: invalid
SELECT CAST(X'ff' AS TEXT)

-- case: bytes decoded that are none
-- is: invalid
SELECT decode('!!!', 'base64')

-- case: an encoding that is none
-- is: invalid
SELECT encode('a', 'rot13')

-- case: substr from the least integer on
-- is: invalid
SELECT substr('abc', -9223372036854775808, 9223372036854775807) AS n

-- case: substr from the largest integer on
-- is: ok
SELECT substr('abc', 9223372036854775807) AS n

-- case: substr of a negative length
-- is: invalid
SELECT substr('abc', 1, -1)

-- case: left of the least integer
-- is: ok
SELECT left('abc', -9223372036854775808 + value) AS n, right('abc', -9223372036854775808 + value) AS m FROM generate_series(0, 0)

-- case: a part that is far away
-- is: ok
SELECT split_part('a,b', ',', 9223372036854775807) AS n

-- case: a part that is nowhere
-- is: invalid
SELECT split_part('a,b', ',', 0)

-- case: a part from the end that is far away
-- is: ok
SELECT split_part('a,b', ',', -9223372036854775808 + value) AS n FROM generate_series(0, 0)

-- case: substr_index from far away
-- is: ok
SELECT substr_index('a,b', ',', -9223372036854775808 + value) AS n FROM generate_series(0, 0)

-- case: an overlay beyond the text
-- is: ok
SELECT overlay('abc' PLACING 'x' FROM 9223372036854775807 FOR 9223372036854775807) AS n

-- case: translate of unequal lengths
-- is: ok
SELECT translate('abc', 'abc', '') AS n

-- case: an escape of LIKE that is too long
-- is: invalid
SELECT 'a' LIKE 'b' ESCAPE 'xx'

-- case: an escape of LIKE at its end
-- is: ok
SELECT 'a' LIKE 'a\' AS n
