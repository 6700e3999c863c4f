//! JSON as the client writes it: what serde_json reads, we read as the same; what we read, we write
//! so that it reads back the same, and the strict spelling is what serde_json takes.

use engine::Value;

/// The property.
pub fn json_event(data: &[u8]) {
    let ours = Value::from_json(data);
    if let Ok(value) = &ours {
        let text = value.to_json();
        let again = Value::from_json(text.as_bytes()).expect("what was written is read");
        assert_eq!(again, *value, "{text}");
        serde_json::from_str::<serde_json::Value>(&value.to_strict_json()).expect("strict JSON");
    }
    if let Ok(theirs) = serde_json::from_slice::<serde_json::Value>(data) {
        // Ours stops at 64 levels, theirs at 128.
        let Ok(ours) = ours else {
            assert!(depth(&theirs) > engine::limits::JSON_DEPTH_MAX, "{theirs}");
            return;
        };
        let ours: serde_json::Value = serde_json::from_str(&ours.to_strict_json()).expect("strict JSON");
        assert_eq!(ours, theirs);
    }
}

fn depth(value: &serde_json::Value) -> usize {
    match value {
        serde_json::Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        serde_json::Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}
