//! What text is refused before it is planned (RELIABILITY L6, S7).
//!
//! Two lines of defence here: a loop over the words and signs that counts what could make the parser
//! or the planner recurse, and a closed list of statements, all of which only read. A third looks at
//! the finished plan ([`allow`]).

use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::SQLOptions;
use datafusion::sql::sqlparser::ast::{ObjectName, Statement};
use datafusion::sql::sqlparser::dialect::GenericDialect;
use datafusion::sql::sqlparser::keywords::Keyword;
use datafusion::sql::sqlparser::parser::{Parser, ParserError};
use datafusion::sql::sqlparser::tokenizer::{Location, Token, TokenWithSpan, Tokenizer};

use crate::error::Error;
use crate::{frames, limits};

/// What a statement asks for.
#[derive(Debug)]
pub(crate) enum Request {
    /// Rows, or the plan for them.
    Rows(Box<Statement>),
    /// The columns of a table.
    Describe(ObjectName),
    /// The tables.
    Tables,
}

/// Checks one statement's text and parses it.
pub(crate) fn parse(sql: &str) -> Result<Request, Error> {
    let tokens = tokens(sql)?;
    count(&tokens)?;
    let mut words = tokens.iter().filter(|token| !matches!(token.token, Token::Whitespace(_)));
    let first = words.find(|token| token.token != Token::SemiColon && token.token != Token::LParen);
    let Some(first) = first else { return Err(Error::invalid("there is no statement")) };
    check_reads(&first.token).map_err(|error| at(error, first.span.start))?;
    let mut statements = Parser::new(&GenericDialect {})
        .with_recursion_limit(limits::PARSER_DEPTH_MAX)
        .with_tokens_with_locations(tokens.clone())
        .parse_statements()
        .map_err(|error| syntax(&error, &tokens))?;
    let statement = statements.pop().ok_or_else(|| Error::invalid("there is no statement"))?;
    if !statements.is_empty() {
        return Err(Error::invalid("one statement at a time, please"));
    }
    classify(statement)
}

/// Parts a text into its statements, which are not checked yet.
///
/// # Errors
///
/// `Invalid` when a quote is not closed, `TooLarge` beyond a limit of the text.
pub fn split(sql: &str) -> Result<Vec<String>, Error> {
    let tokens = tokens(sql)?;
    let lines = LineStarts::new(sql);
    let (mut statements, mut start, mut is_blank) = (Vec::new(), 0, true);
    for token in &tokens {
        match &token.token {
            Token::SemiColon => {
                let end = lines.byte(sql, token.span.start);
                if !is_blank {
                    statements.push(sql.get(start..end).unwrap_or_default().trim().to_owned());
                }
                start = lines.byte(sql, token.span.end);
                is_blank = true;
            }
            Token::Whitespace(_) | Token::EOF => {}
            _ => is_blank = false,
        }
    }
    if !is_blank {
        statements.push(sql.get(start..).unwrap_or_default().trim().to_owned());
    }
    Ok(statements)
}

/// Checks that a text is one condition and nothing more, so that it can stand in brackets behind a `WHERE`
/// of somebody else's.
///
/// # Errors
///
/// `Invalid` when it is none, `TooLarge` beyond a limit of the text.
pub fn condition(text: &str) -> Result<(), Error> {
    let tokens = tokens(text)?;
    count(&tokens)?;
    let mut parser = Parser::new(&GenericDialect {})
        .with_recursion_limit(limits::PARSER_DEPTH_MAX)
        .with_tokens_with_locations(tokens.clone());
    parser.parse_expr().map_err(|error| syntax(&error, &tokens))?;
    let rest = parser.peek_token();
    if rest.token == Token::EOF {
        return Ok(());
    }
    let error = Error::invalid(format!("the condition ends before {:?}", rest.token.to_string()));
    Err(at(error, rest.span.start))
}

fn tokens(sql: &str) -> Result<Vec<TokenWithSpan>, Error> {
    if sql.len() > limits::SQL_BYTES_MAX {
        return Err(Error::too_large(format!(
            "the text has {} bytes; {} are allowed",
            sql.len(),
            limits::SQL_BYTES_MAX
        )));
    }
    // The tokenizer takes such a comment for SQL, at places that are not its own.
    if sql.contains("/*!") {
        return Err(Error::invalid("comments do not begin with /*! here, since some would run them"));
    }
    Tokenizer::new(&GenericDialect {}, sql)
        .tokenize_with_location()
        .map_err(|error| at(Error::syntax(&error.message), error.location))
}

/// What the parser says, at its place: the end of the text where something is missing there.
fn syntax(error: &ParserError, tokens: &[TokenWithSpan]) -> Error {
    let error = Error::syntax(&error.to_string());
    match tokens.iter().rfind(|token| token.token != Token::EOF) {
        Some(last) if error.position().is_none() => at(error, last.span.end),
        _ => error,
    }
}

fn at(error: Error, place: Location) -> Error {
    error.at(place.line, place.column)
}

/// Only a statement that begins so is parsed at all, so that each other one gets the same answer.
fn check_reads(first: &Token) -> Result<(), Error> {
    let Token::Word(word) = first else { return Ok(()) };
    match word.keyword {
        Keyword::SELECT
        | Keyword::WITH
        | Keyword::VALUES
        | Keyword::FROM
        | Keyword::EXPLAIN
        | Keyword::DESCRIBE
        | Keyword::DESC
        | Keyword::SHOW => Ok(()),
        Keyword::NoKeyword => Err(Error::invalid(format!("no statement begins with {:?}", word.value))
            .with_hint("statements begin with SELECT, WITH, VALUES, EXPLAIN, DESCRIBE or SHOW TABLES")),
        _ => Err(only_reading(&word.value.to_uppercase())),
    }
}

/// The one answer to everything that is not reading.
pub(crate) fn only_reading(what: &str) -> Error {
    Error::invalid(format!("only reading is possible through SQL, and {what} is not reading"))
        .with_hint("SELECT, WITH, VALUES, EXPLAIN, DESCRIBE and SHOW TABLES are")
}

fn classify(statement: Statement) -> Result<Request, Error> {
    match statement {
        Statement::Query(_) => Ok(Request::Rows(Box::new(statement))),
        Statement::Explain { statement: ref inner, .. } => match **inner {
            Statement::Query(_) => Ok(Request::Rows(Box::new(statement))),
            ref other => Err(only_reading(&first_word(other))),
        },
        Statement::ExplainTable { table_name, .. } => Ok(Request::Describe(table_name)),
        Statement::ShowTables { .. } => Ok(Request::Tables),
        Statement::ShowColumns { show_options, .. } => show_options
            .show_in
            .and_then(|show_in| show_in.parent_name)
            .map(Request::Describe)
            .ok_or_else(|| Error::invalid("SHOW COLUMNS needs FROM and a table")),
        other => Err(only_reading(&first_word(&other))),
    }
}

fn first_word(statement: &Statement) -> String {
    statement.to_string().split_whitespace().next().unwrap_or("this").to_uppercase()
}

/// What the loop has counted so far.
struct Counts {
    tokens: usize,
    relations: usize,
    /// For each bracket that is open, operators since its last comma or clause; whether a `CASE`
    /// opened it.
    open: Vec<(usize, bool)>,
}

fn count(tokens: &[TokenWithSpan]) -> Result<(), Error> {
    let mut counts = Counts { tokens: 0, relations: 0, open: vec![(0, false)] };
    for token in tokens.iter().filter(|token| !matches!(token.token, Token::Whitespace(_))) {
        counts.take(&token.token).map_err(|error| at(error, token.span.start))?;
    }
    Ok(())
}

impl Counts {
    fn take(&mut self, token: &Token) -> Result<(), Error> {
        self.tokens += 1;
        bounded("words and signs", self.tokens, limits::SQL_TOKENS_MAX)?;
        match token {
            Token::LParen | Token::LBracket | Token::LBrace => self.open(false)?,
            Token::RParen | Token::RBracket | Token::RBrace => self.close(false),
            Token::Comma | Token::SemiColon => self.end_chain(),
            Token::Word(word) if word.quote_style.is_none() => self.take_keyword(word.keyword)?,
            token if is_operator(token) => self.operator()?,
            _ => {}
        }
        Ok(())
    }

    fn take_keyword(&mut self, keyword: Keyword) -> Result<(), Error> {
        match keyword {
            Keyword::CASE => self.open(true)?,
            Keyword::END => self.close(true),
            Keyword::JOIN | Keyword::UNION | Keyword::EXCEPT | Keyword::INTERSECT | Keyword::MINUS => {
                self.relations += 1;
                bounded("joins and set operations", self.relations, limits::SQL_RELATIONS_MAX)?;
                self.end_chain();
            }
            Keyword::SELECT
            | Keyword::FROM
            | Keyword::WHERE
            | Keyword::GROUP
            | Keyword::HAVING
            | Keyword::ORDER
            | Keyword::LIMIT
            | Keyword::WHEN
            | Keyword::THEN
            | Keyword::ELSE => self.end_chain(),
            Keyword::AND
            | Keyword::OR
            | Keyword::NOT
            | Keyword::IS
            | Keyword::IN
            | Keyword::LIKE
            | Keyword::ILIKE
            | Keyword::BETWEEN
            | Keyword::SIMILAR
            | Keyword::RLIKE
            | Keyword::REGEXP
            | Keyword::XOR
            | Keyword::DIV
            | Keyword::COLLATE
            | Keyword::AT
            | Keyword::EXPLAIN
            | Keyword::INTERVAL => self.operator()?,
            _ => {}
        }
        Ok(())
    }

    fn open(&mut self, is_case: bool) -> Result<(), Error> {
        self.open.push((0, is_case));
        bounded("brackets within brackets", self.open.len() - 1, limits::SQL_NESTING_MAX)
    }

    fn close(&mut self, is_case: bool) {
        // What does not match is the parser's to say.
        if self.open.len() > 1 && self.open.last().is_some_and(|(_, case)| *case == is_case) {
            self.open.pop();
        }
    }

    fn end_chain(&mut self) {
        if let Some((operators, _)) = self.open.last_mut() {
            *operators = 0;
        }
    }

    fn operator(&mut self) -> Result<(), Error> {
        let Some((operators, _)) = self.open.last_mut() else { return Ok(()) };
        *operators += 1;
        bounded("operators in a chain", *operators, limits::SQL_OPERATORS_MAX)
    }
}

fn is_operator(token: &Token) -> bool {
    !matches!(
        token,
        Token::Word(_)
            | Token::Number(..)
            | Token::Char(_)
            | Token::SingleQuotedString(_)
            | Token::DoubleQuotedString(_)
            | Token::DollarQuotedString(_)
            | Token::NationalStringLiteral(_)
            | Token::EscapedStringLiteral(_)
            | Token::UnicodeStringLiteral(_)
            | Token::HexStringLiteral(_)
            | Token::Placeholder(_)
            | Token::Period
            | Token::EOF
    )
}

fn bounded(what: &str, found: usize, limit: usize) -> Result<(), Error> {
    if found > limit {
        return Err(Error::too_large(format!("there are more than {limit} {what}")));
    }
    Ok(())
}

/// Turns the tokenizer's lines and columns (in characters) into bytes.
struct LineStarts(Vec<usize>);

impl LineStarts {
    fn new(sql: &str) -> Self {
        Self(std::iter::once(0).chain(sql.match_indices('\n').map(|(at, _)| at + 1)).collect())
    }

    fn byte(&self, sql: &str, place: Location) -> usize {
        let line = usize::try_from(place.line.saturating_sub(1)).unwrap_or(usize::MAX);
        let Some(&start) = self.0.get(line) else { return sql.len() };
        let chars = usize::try_from(place.column.saturating_sub(1)).unwrap_or(usize::MAX);
        let rest = sql.get(start..).unwrap_or_default();
        start + rest.char_indices().nth(chars).map_or(rest.len(), |(byte, _)| byte)
    }
}

/// The second line: whatever came through, a plan holds nodes of this list and nothing else.
pub(crate) fn allow(plan: &LogicalPlan) -> Result<(), Error> {
    SQLOptions::new()
        .with_allow_ddl(false)
        .with_allow_dml(false)
        .with_allow_statements(false)
        .verify_plan(plan)
        .map_err(|refused| only_reading(&refused.message()))?;
    let mut refused = None;
    plan.apply_with_subqueries(|node| {
        let is_allowed = matches!(
            node,
            LogicalPlan::Projection(_)
                | LogicalPlan::Filter(_)
                | LogicalPlan::Window(_)
                | LogicalPlan::Aggregate(_)
                | LogicalPlan::Sort(_)
                | LogicalPlan::Join(_)
                | LogicalPlan::Repartition(_)
                | LogicalPlan::Union(_)
                | LogicalPlan::TableScan(_)
                | LogicalPlan::EmptyRelation(_)
                | LogicalPlan::Subquery(_)
                | LogicalPlan::SubqueryAlias(_)
                | LogicalPlan::Limit(_)
                | LogicalPlan::Values(_)
                | LogicalPlan::Explain(_)
                | LogicalPlan::Analyze(_)
                | LogicalPlan::Distinct(_)
                | LogicalPlan::DescribeTable(_)
                | LogicalPlan::Unnest(_)
                | LogicalPlan::RecursiveQuery(_)
        );
        refused = match is_allowed {
            true => frames::check(node)?,
            false => Some(only_reading(node.display().to_string().split(':').next().unwrap_or("this"))),
        };
        Ok(if refused.is_some() { TreeNodeRecursion::Stop } else { TreeNodeRecursion::Continue })
    })
    .map_err(Error::from)?;
    refused.map_or(Ok(()), Err)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    fn refusal(sql: &str) -> Error {
        parse(sql).expect_err(sql)
    }

    #[test]
    fn statements_that_read_are_allowed() {
        for sql in [
            "SELECT 1",
            "(SELECT 1)",
            "with a as (select 1) select * from a",
            "VALUES (1), (2)",
            "EXPLAIN SELECT 1",
            "explain analyze verbose select 1",
            "DESCRIBE runs",
            "DESC runs",
            "SHOW TABLES",
            "SHOW COLUMNS FROM runs",
            "-- a comment\nSELECT 1;",
        ] {
            parse(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
        }
    }

    #[test]
    fn a_condition_is_one_expression_and_nothing_more() {
        for text in ["true", "a = 1 AND b IN ('x', 'y') -- the end", "id IN (SELECT 1)", "(a)\n"] {
            condition(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        }
        for text in
            ["", "a =", "true) OR (true", "true UNION SELECT 1", "true; SELECT 1", "true ORDER BY a", "'"]
        {
            condition(text).expect_err(text);
        }
        assert_eq!(condition("a = 1 or b\n= 2) or c").unwrap_err().position(), Some((2, 4)));
        let deep = "(".repeat(limits::SQL_NESTING_MAX + 1);
        assert_eq!(condition(&deep).unwrap_err().kind(), ErrorKind::TooLarge);
    }

    #[test]
    fn statements_that_do_anything_else_are_refused_with_one_message() {
        for sql in [
            "CREATE TABLE t (a int)",
            "CREATE EXTERNAL TABLE t STORED AS CSV LOCATION '/etc/passwd'",
            "INSERT INTO runs VALUES (1)",
            "COPY runs TO '/tmp/x'",
            "COPY (SELECT 1) TO 'x'",
            "SET a = 1",
            "PREPARE p AS SELECT 1",
            "DROP TABLE runs",
            "UPDATE runs SET name = 'x'",
            "DELETE FROM runs",
            "ATTACH 'x' AS y",
            "EXPLAIN INSERT INTO runs SELECT 1",
            "EXPLAIN DELETE FROM runs",
            "BEGIN",
            "SHOW ALL",
            "SHOW FUNCTIONS",
        ] {
            let error = refusal(sql);
            assert!(error.message().starts_with("only reading is possible"), "{sql}: {error}");
            assert_eq!(error.kind(), ErrorKind::Invalid);
        }
    }

    #[test]
    fn a_limit_is_allowed_and_one_past_it_is_refused() {
        let chain = |n: usize| format!("SELECT 1{}", "+1".repeat(n));
        let nested = |n: usize| format!("SELECT {}1{}", "(".repeat(n), ")".repeat(n));
        let joined = |n: usize| format!("SELECT 1 FROM runs{}", " CROSS JOIN runs".repeat(n));
        let long = |n: usize| format!("SELECT 1 --{}", "x".repeat(n - 11));
        let words = |n: usize| format!("SELECT 1{}", ",1".repeat((n - 2) / 2));
        let cases: [(&dyn Fn(usize) -> String, usize); 5] = [
            (&chain, limits::SQL_OPERATORS_MAX),
            (&nested, limits::SQL_NESTING_MAX),
            (&joined, limits::SQL_RELATIONS_MAX),
            (&long, limits::SQL_BYTES_MAX),
            (&words, limits::SQL_TOKENS_MAX),
        ];
        for (sql, limit) in cases {
            // The parser may run on a small stack here, so only the counting is tested.
            let check = |n| tokens(&sql(n)).and_then(|tokens| count(&tokens));
            check(limit).unwrap_or_else(|error| panic!("at {limit}: {error}"));
            for n in [limit + 2, limit * 100] {
                assert_eq!(check(n).expect_err("past the limit").kind(), ErrorKind::TooLarge);
            }
        }
    }

    #[test]
    fn nesting_up_to_the_limit_parses() {
        let sql = format!("SELECT {}1{}", "(".repeat(64), ")".repeat(64));
        std::thread::Builder::new()
            .stack_size(limits::STACK_BYTES)
            .spawn(move || parse(&sql).map(|_| ()))
            .unwrap()
            .join()
            .unwrap()
            .unwrap();
    }

    #[test]
    fn statements_are_parted_at_semicolons_outside_of_quotes_and_comments() {
        let sql = "SELECT ';' AS \"a;b\"; -- none; here\n;\n SELECT 2 /* ; */ ;;select 'ä;'";
        assert_eq!(split(sql).unwrap(), ["SELECT ';' AS \"a;b\"", "SELECT 2 /* ; */", "select 'ä;'"]);
        assert!(split(" ; -- nothing").unwrap().is_empty());
        for sql in ["SELECT 'open", "SELECT 1 /*! ; SELECT 2 */"] {
            assert_eq!(split(sql).unwrap_err().kind(), ErrorKind::Invalid);
        }
    }

    #[test]
    fn an_error_names_its_place() {
        assert_eq!(refusal("SELECT 1 +\n  , 2").position().map(|(line, _)| line), Some(2));
        assert_eq!(refusal("SELECT 1; SELECT 2").message(), "one statement at a time, please");
        assert_eq!(refusal("  ").message(), "there is no statement");
        assert_eq!(refusal("EXPLAIN EXPLAIN SELECT 1").kind(), ErrorKind::Invalid);
    }
}
