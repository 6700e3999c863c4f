//! `any_regexp_like(list, regex)`: whether any text of a list fits, since SQL here has no words for that.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray};
use arrow::datatypes::DataType;
use datafusion::common::{Result, exec_err, plan_err};
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use regex::Regex;

/// The function, for the closed list of those that statements may call.
pub(crate) fn function() -> Arc<ScalarUDF> {
    let signature = Signature::any(2, Volatility::Immutable);
    Arc::new(ScalarUDF::new_from_impl(AnyRegexpLike { signature }))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct AnyRegexpLike {
    signature: Signature,
}

impl ScalarUDFImpl for AnyRegexpLike {
    fn name(&self) -> &str {
        "any_regexp_like"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, arguments: &[DataType]) -> Result<DataType> {
        match arguments {
            [DataType::List(item), DataType::Utf8] if *item.data_type() == DataType::Utf8 => {
                Ok(DataType::Boolean)
            }
            _ => plan_err!("any_regexp_like takes a list of texts and a regular expression"),
        }
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let arrays = ColumnarValue::values_to_arrays(&args.args)?;
        let [lists, patterns] = arrays.as_slice() else { return exec_err!("any_regexp_like takes two") };
        let (Some(lists), Some(patterns)) = (lists.as_list_opt::<i32>(), patterns.as_string_opt::<i32>())
        else {
            return exec_err!("any_regexp_like takes a list of texts and a regular expression");
        };
        // Rows next to each other mostly have one pattern, which is made once for them.
        let mut made: Option<(&str, Regex)> = None;
        let mut held = Vec::with_capacity(lists.len());
        for (list, pattern) in lists.iter().zip(patterns) {
            let (Some(list), Some(pattern)) = (list, pattern) else {
                held.push(None);
                continue;
            };
            if made.as_ref().is_none_or(|(known, _)| *known != pattern) {
                match Regex::new(pattern) {
                    Ok(regex) => made = Some((pattern, regex)),
                    Err(error) => return exec_err!("{pattern:?} is no regular expression: {error}"),
                }
            }
            held.push(made.as_ref().map(|(_, regex)| fits_any(&list, regex)));
        }
        Ok(ColumnarValue::Array(Arc::new(BooleanArray::from(held))))
    }
}

fn fits_any(list: &ArrayRef, regex: &Regex) -> bool {
    let texts = list.as_string_opt::<i32>();
    texts.is_some_and(|texts| texts.iter().flatten().any(|text| regex.is_match(text)))
}
