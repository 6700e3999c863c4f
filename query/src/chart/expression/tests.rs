use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::error::ErrorKind;
use crate::limits;

fn parse(text: &str) -> Result<Expression, Error> {
    Expression::parse("it", text)
}

/// The value where the names have these values.
fn value(text: &str, names: &[(&str, f64)]) -> f64 {
    let values: BTreeMap<&str, f64> = names.iter().copied().collect();
    let expression = parse(text).unwrap();
    let operands: Vec<f64> = expression.names().iter().map(|name| values[name.as_str()]).collect();
    expression.value(&operands, &mut Vec::new()).unwrap()
}

#[test]
fn operators_bind_as_they_do_in_python() {
    for (text, expected) in [
        ("1 + 2 * 3", 7.0),
        ("(1 + 2) * 3", 9.0),
        ("10 - 4 - 3", 3.0),
        ("64 / 4 / 2", 8.0),
        ("7 % 4 * 2", 6.0),
        ("2 ** 3 ** 2", 512.0),
        ("-2 ** 2", -4.0),
        ("(-2) ** 2", 4.0),
        ("2 ** -1", 0.5),
        ("2 ** -1 * 3", 1.5),
        ("- - 3", 3.0),
        ("2 - -3", 5.0),
        ("+3 - +1", 2.0),
        ("-(1 + 2) * 2", -6.0),
        ("2*-3", -6.0),
        ("1.5e2 + .5 + 1. + 2E-1", 151.7),
        ("((((1))))", 1.0),
    ] {
        assert_eq!(value(text, &[]), expected, "{text}");
    }
}

#[test]
fn names_are_words_or_stand_in_quotes() {
    let names = [("val/acc", 0.75), ("a b\"c", 2.0), ("train.loss_1", 4.0), ("größe", 8.0), ("_step", 16.0)];
    assert_eq!(value("\"val/acc\" * 4", &names), 3.0);
    assert_eq!(value("`val/acc` + 'val/acc'", &names), 1.5);
    assert_eq!(value("\"a b\"\"c\"", &names), 2.0);
    assert_eq!(value("train.loss_1*größe/_step", &names), 2.0);
    assert_eq!(parse("a + b / a").unwrap().names(), ["a", "b"]);
}

#[test]
fn what_is_no_number_is_a_value_like_any() {
    assert_eq!(value("1 / 0", &[]), f64::INFINITY);
    assert_eq!(value("-1 / a", &[("a", 0.0)]), f64::NEG_INFINITY);
    assert!(value("a / a", &[("a", 0.0)]).is_nan() && value("1 % 0", &[]).is_nan());
    assert!(value("(-8) ** 0.5", &[]).is_nan());
}

#[test]
fn a_row_that_lacks_a_key_has_no_value() {
    let expression = parse("a - b").unwrap();
    let a = Float64Array::from(vec![Some(3.0), None, Some(5.0)]);
    let b = Float64Array::from(vec![Some(1.0), Some(2.0), None]);
    assert_eq!(expression.values(3, &[&a, &b]), Float64Array::from(vec![Some(2.0), None, None]));
    assert_eq!(parse("7").unwrap().values(2, &[]), Float64Array::from(vec![7.0, 7.0]));
}

#[test]
fn what_is_written_wrong_is_told_with_its_place() {
    for (text, column, told) in [
        ("", 1, "expected a number, a key or (, found the end"),
        ("loss +", 7, "expected a number, a key or (, found the end"),
        ("loss loss", 6, "expected an operator, found \"loss\""),
        ("2x", 2, "expected an operator, found \"x\""),
        ("2e", 2, "expected an operator, found \"e\""),
        ("a (b)", 3, "expected an operator, found \"(\""),
        ("a * / b", 5, "expected a number, a key or (, found \"/\""),
        ("((a)", 1, "this ( is not closed"),
        ("1 + (2 * (3)", 5, "this ( is not closed"),
        ("ä + b)", 6, "this ) closes nothing"),
        ("()", 2, "expected a number, a key or (, found \")\""),
        ("a ^ 2", 3, "\"^\" means nothing here"),
        ("a * \"val", 5, "this quote is not closed"),
        ("\"\" + 1", 1, "a key has a name"),
        ("1.2.3", 4, "expected an operator, found \".3\""),
        (".", 1, "\".\" is no number"),
    ] {
        let error = parse(text).unwrap_err();
        assert_eq!(error.message(), format!("in it: {told}"), "{text}");
        assert_eq!(error.position(), Some((1, column)), "{text}");
        assert_eq!(error.kind(), ErrorKind::Invalid);
    }
}

#[test]
fn what_is_too_large_is_refused_whatever_its_shape() {
    let told = |text: &str| {
        let error = parse(text).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooLarge);
        error.message().to_owned()
    };
    let nested = |depth: usize| format!("{}1{}", "(".repeat(depth), ")".repeat(depth));
    assert!(told(&nested(50_000)).contains("it has 100001 bytes; 4096 are allowed"));
    assert!(told(&"(".repeat(100_000)).contains("4096 are allowed"));
    assert!(parse(&nested(limits::EXPRESSION_NESTING_MAX)).is_ok());
    assert!(told(&nested(limits::EXPRESSION_NESTING_MAX + 1)).contains("64 levels"));
    assert!(told(&format!("{}1", "-".repeat(1_000))).contains("64 levels"));
    assert!(told(&format!("1{}", "**2".repeat(100))).contains("64 levels"));
    let summed = |terms: usize| vec!["a"; terms].join("+");
    assert!(parse(&summed(limits::EXPRESSION_TERMS_MAX)).is_ok());
    assert!(told(&summed(limits::EXPRESSION_TERMS_MAX + 1)).contains("more than 200 numbers and keys"));
}

/// A drawn expression, with all its brackets, and its value.
fn drawn() -> impl Strategy<Value = (String, f64)> {
    let number = (0u32..1000).prop_map(|number| (number.to_string(), f64::from(number)));
    number.prop_recursive(5, 32, 2, |inner| {
        let both = (inner.clone(), 0usize..6, inner.clone());
        prop_oneof![
            both.prop_map(|((left, a), op, (right, b))| {
                let (sign, value) =
                    [("+", a + b), ("-", a - b), ("*", a * b), ("/", a / b), ("%", a % b), ("**", a.powf(b))]
                        [op];
                (format!("({left}){sign}({right})"), value)
            }),
            inner.prop_map(|(text, value)| (format!("-({text})"), -value)),
        ]
    })
}

proptest! {
    #[test]
    fn any_text_is_an_expression_or_an_error(text in "[-+*/%() a\"'`.0-9e_ä]{0,40}") {
        if let Ok(expression) = parse(&text) {
            let operands = vec![1.5; expression.names().len()];
            prop_assert!(expression.value(&operands, &mut Vec::new()).is_some(), "{text}");
        }
    }

    #[test]
    fn a_value_is_what_its_operators_give((text, expected) in drawn()) {
        let told = value(&text, &[]);
        prop_assert!(told == expected || told.is_nan() && expected.is_nan(), "{text}: {told} for {expected}");
    }
}
