//! Texts of SQL, before anything is run: any text is parted or refused, and a condition is one.

use std::thread;

use query::{ErrorKind, condition, split};

/// What threads that plan statements have.
const STACK_BYTES: usize = 16 << 20;

/// The property.
pub fn sql_guard(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match split(text) {
        Ok(statements) => {
            for statement in &statements {
                assert!(text.contains(statement.as_str()), "a statement is a part of the text");
                assert_eq!(
                    split(statement).as_ref().ok(),
                    Some(&vec![statement.clone()]),
                    "and one by itself: {text:?}"
                );
            }
        }
        Err(error) => {
            assert!(matches!(error.kind(), ErrorKind::Invalid | ErrorKind::TooLarge), "{error}");
        }
    }
    thread::scope(|scope| {
        let builder = thread::Builder::new().stack_size(STACK_BYTES);
        let checked = builder.spawn_scoped(scope, || condition(text)).expect("a thread starts").join();
        match checked.expect("no text panics") {
            // It can stand in brackets behind a WHERE.
            Ok(()) => {
                assert_eq!(split(&format!("SELECT 1 WHERE ({text}\n)")).map(|all| all.len()).ok(), Some(1))
            }
            Err(error) => {
                assert!(matches!(error.kind(), ErrorKind::Invalid | ErrorKind::TooLarge), "{error}")
            }
        }
    });
}
