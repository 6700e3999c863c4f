-- case: a text of 256 KiB
-- is: ok
-- says: {"n":1}
SELECT 1 AS n --<<262128|x>>

-- case: a text of 256 KiB and one byte
-- is: too_large
-- says: the text has 262145 bytes; 262144 are allowed
SELECT 1 AS n --<<262129|x>>

-- case: a text of twice 256 KiB
-- is: too_large
-- says: 262144 are allowed
SELECT 1 AS n --<<524288|x>>

-- case: 64 brackets
-- is: ok
-- says: {"n":1}
SELECT <<64|(>>1<<64|)>> AS n

-- case: 65 brackets
-- is: too_large
-- says: more than 64 brackets within brackets
SELECT <<65|(>>1<<65|)>> AS n

-- case: 64,000 brackets
-- is: too_large
-- says: more than 64 brackets within brackets
SELECT <<64000|(>>1<<64000|)>> AS n

-- case: 64,000 square brackets
-- is: too_large
-- says: more than 64 brackets within brackets
SELECT <<64000|[>>1<<64000|]>> AS n

-- case: 64,000 braces
-- is: too_large
-- says: more than 64 brackets within brackets
SELECT <<64000|{>>1<<64000|}>> AS n

-- case: 64,000 brackets that nobody closes
-- is: too_large
-- says: more than 64 brackets within brackets
SELECT <<64000|(>>

-- case: 64,000 brackets that nobody opened
-- is: invalid
SELECT 1 <<10000|)>>

-- case: 500 operators
-- is: ok
-- says: {"n":501}
SELECT 1<<500|+1>> AS n

-- case: 501 operators
-- is: too_large
-- says: more than 500 operators in a chain
SELECT 1<<501|+1>> AS n

-- case: 100,000 operators
-- is: too_large
SELECT 1<<100000|+1>> AS n

-- case: 500 ANDs
-- is: ok
-- says: {"n":true}
SELECT true<<500| AND true>> AS n

-- case: 501 ORs
-- is: too_large
-- says: more than 500 operators in a chain
SELECT true<<501| OR true>> AS n

-- case: 500 texts put together
-- is: ok
SELECT 'a'<<500| || 'a'>> AS n

-- case: 20,000 words and signs
-- is: ok
SELECT 1 IN (1<<9996|,1>>) AS x

-- case: 20,001 words and signs
-- is: too_large
-- says: more than 20000 words and signs
SELECT 1 IN (1<<9997|,1>>) AS xy z

-- case: 130,000 words and signs
-- is: too_large
-- says: more than 20000 words and signs
SELECT 1<<130000|,1>>

-- case: 100 joins
-- is: ok
-- says: {"n":1}
SELECT count(*) AS n FROM (SELECT 1 AS a) AS t0<<49| CROSS JOIN (SELECT 1 AS a) AS t#>>

-- case: 101 joins
-- is: too_large
-- says: more than 100
SELECT 1 FROM runs AS r<<101| CROSS JOIN runs AS r#>>

-- case: 10,000 joins
-- is: too_large
-- says: more than 100
SELECT 1 FROM runs AS r<<10000| CROSS JOIN runs AS r#>>

-- case: 101 tables with commas
-- is: too_large
-- says: more than 100 tables
SELECT 1 FROM runs AS r<<101|, runs AS r#>>

-- case: 100 tables of WITH
-- is: ok
-- says: {"x":1}
WITH a AS (SELECT 1 AS x)<<98|, a# AS (SELECT 1 AS x)>> SELECT x FROM a98

-- case: 101 tables of WITH
-- is: too_large
-- says: more than 100 tables
WITH a AS (SELECT 1 AS x)<<100|, a# AS (SELECT 1 AS x)>> SELECT x FROM a100

-- case: 100 unions
-- is: ok
SELECT 1<<99| UNION ALL SELECT 1>>

-- case: 101 unions
-- is: too_large
-- says: more than 100
SELECT 1<<101| UNION ALL SELECT 1>>

-- case: 100,000 unions
-- is: too_large
-- says: more than 100
SELECT 1<<10000| UNION ALL SELECT 1>>

-- case: tables of WITH that each name the one before twice
-- is: too_large
-- says: more than 1000 tables, once WITH is written out
WITH a0 AS (SELECT 1 AS x FROM runs), a1 AS (SELECT l.x FROM a0 l, a0 r), a2 AS (SELECT l.x FROM a1 l, a1 r), a3 AS (SELECT l.x FROM a2 l, a2 r), a4 AS (SELECT l.x FROM a3 l, a3 r), a5 AS (SELECT l.x FROM a4 l, a4 r), a6 AS (SELECT l.x FROM a5 l, a5 r), a7 AS (SELECT l.x FROM a6 l, a6 r), a8 AS (SELECT l.x FROM a7 l, a7 r), a9 AS (SELECT l.x FROM a8 l, a8 r), b0 AS (SELECT l.x FROM a9 l, a9 r), b1 AS (SELECT l.x FROM b0 l, b0 r), b2 AS (SELECT l.x FROM b1 l, b1 r), b3 AS (SELECT l.x FROM b2 l, b2 r), b4 AS (SELECT l.x FROM b3 l, b3 r) SELECT count(*) FROM b4

-- case: a table of WITH that hides one of the same name
-- is: invalid
-- says: specified more than once
WITH a AS (SELECT 1 AS n), b AS (WITH a AS (SELECT 2 AS n) SELECT n FROM a) SELECT n FROM b

-- case: 64 CASEs within each other
-- is: ok
-- says: {"n":1}
SELECT <<64|CASE WHEN true THEN >>1<<64| END>> AS n

-- case: 65 CASEs within each other
-- is: too_large
-- says: more than 64 brackets within brackets
SELECT <<65|CASE WHEN true THEN >>1<<65| END>> AS n

-- case: 5,000 CASEs within each other
-- is: too_large
SELECT <<5000|CASE WHEN true THEN >>1<<5000| END>>

-- case: 1,000 branches of one CASE
-- is: ok
-- says: {"n":1000}
SELECT CASE 1000<<1000| WHEN # THEN #>> END AS n

-- case: 100 NOTs
-- is: ok
SELECT <<100|NOT >>true AS n

-- case: 10,000 NOTs
-- is: too_large
SELECT <<10000|NOT >>true AS n

-- case: 400 minus signs
-- is: too_large
SELECT <<400|- >>1 AS n

-- case: 10,000 minus signs
-- is: too_large
SELECT <<10000|- >>1 AS n

-- case: 10,000 plus signs
-- is: too_large
SELECT <<10000|+ >>1 AS n

-- case: 10,000 casts behind each other
-- is: too_large
SELECT 1<<6000|::int>> AS n

-- case: 400 casts behind each other
-- is: ok
SELECT 1<<400|::int>> AS n

-- case: 40 functions within each other
-- is: ok
-- says: {"n":1}
SELECT <<40|abs(>>1<<40|)>> AS n

-- case: 8 subqueries within each other
-- is: ok
-- says: {"n":1}
SELECT <<8|(SELECT >>1<<8|)>> AS n

-- case: 9 subqueries within each other
-- is: too_large
-- says: more than 8 subqueries within each other
SELECT <<9|(SELECT >>1<<9|)>> AS n

-- case: 40 subqueries within each other
-- is: too_large
-- says: more than 8 subqueries within each other
SELECT <<40|(SELECT >>1<<40|)>> AS n

-- case: 9 EXISTS within each other
-- is: too_large
-- says: more than 8 subqueries within each other
SELECT 1 WHERE <<9|EXISTS (SELECT 1 WHERE >>true<<9|)>>

-- case: 60 subqueries of FROM within each other
-- is: ok
SELECT x FROM <<60|(SELECT x FROM >>(SELECT 1 AS x) AS t<<60|) AS t>>

-- case: 65 subqueries within each other
-- is: too_large
SELECT <<65|(SELECT >>1<<65|)>> AS n

-- case: a list of 9,000 numbers
-- is: ok
SELECT count(*) AS n FROM runs WHERE generation IN (0<<9000|,#>>)

-- case: a list of 9,000 texts
-- is: ok
SELECT count(*) AS n FROM runs WHERE run_id IN ('x'<<9000|,'r#'>>)

-- case: 3,000 columns
-- is: ok
SELECT 1 AS c<<3000|, # AS c#>>

-- case: 3,000 keys that no run has
-- is: ok
SELECT run_id<<3000|, summary.k#>> FROM runs

-- case: a name of 100,000 letters
-- is: ok
SELECT 1 AS <<100000|x>>

-- case: a number of 100,000 digits
-- is: ok
-- says: Infinity
SELECT 1<<100000|0>> AS n

-- case: 9,000 names with dots
-- is: too_large
SELECT a<<9000|.a>> FROM runs

-- case: a CUBE of ten columns
-- is: ok
SELECT count(*) AS n FROM (SELECT count(*) FROM runs GROUP BY CUBE(run_id, name, state, project, entity, generation, author, host, os, program))

-- case: two CUBEs that make four million groupings
-- is: too_large
-- says: more than 1024 sets of groups
SELECT count(*) FROM runs GROUP BY CUBE(run_id, name, state, project, entity, generation, author, host, os, program), CUBE(notes, job_type)

-- case: a CUBE of 23 columns
-- is: too_large
-- says: more than 1024 sets of groups
SELECT count(*) FROM runs GROUP BY CUBE(run_id, name, state, project, entity, generation, author, host, os, program, notes, job_type, group_name, exit_code, command, executable, gpu_type, gpu_count, sweep_id, cpu_count, memory_bytes, git_commit, git_remote)

-- case: 5,000 rows of VALUES
-- is: ok
-- says: {"n":4981}
SELECT count(*) AS n FROM (VALUES (0)<<4980|,(#)>>) AS t(a)

-- case: 300 windows
-- is: ok
SELECT <<300|sum(value + #) OVER (ORDER BY value), >>1 FROM generate_series(1, 5)

-- case: a strict error of the parser's depth
-- is: too_large
SELECT <<60|(SELECT CASE WHEN >>true<<60| THEN true END)>>
