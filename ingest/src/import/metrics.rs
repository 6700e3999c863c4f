//! Definitions of metrics, as they stand in the config under `_wandb.m` (protocol 5.5): a list, in
//! which a metric names its step metric by its place, from 1.

use engine::Value;

use super::proto::{Fields, Malformed, Wire};

/// Definitions, in the order in which they came.
#[derive(Debug, Default)]
pub(crate) struct Metrics(Vec<Metric>);

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Metric {
    name: String,
    is_glob: bool,
    step: String,
    options: Flags,
    summary: Flags,
    goal: i64,
}

/// The numbers of the flags that are set, as bits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Flags(u32);

/// `defined` among the options: by its own name, not by a pattern alone.
const DEFINED: u32 = 3;
/// `none` among the kinds of summary; unlike the others it can be taken back.
const NONE: u32 = 6;

impl Flags {
    fn read(message: Wire<'_>) -> Result<Self, Malformed> {
        let mut flags = Self::default();
        for field in Fields::of(message.bytes()?) {
            let (number, is_set) = field?;
            if is_set.flag()? {
                flags.set(number);
            }
        }
        Ok(flags)
    }

    fn set(&mut self, number: u32) {
        self.0 |= 1u32.checked_shl(number).unwrap_or_default();
    }

    fn clear(&mut self, number: u32) {
        self.0 &= !1u32.checked_shl(number).unwrap_or_default();
    }

    fn to_value(self) -> Value {
        let set = (0..32).filter(|number| self.0 & (1 << number) != 0);
        Value::List(set.map(Value::Int).collect())
    }
}

impl Metrics {
    /// Takes a `MetricRecord`.
    pub(crate) fn take(&mut self, message: &[u8]) -> Result<(), Malformed> {
        let (mut told, mut summary, mut overwrites) = (Metric::default(), None, false);
        for field in Fields::of(message) {
            match field? {
                (1, name) => name.text()?.clone_into(&mut told.name),
                (2, glob) => {
                    glob.text()?.clone_into(&mut told.name);
                    told.is_glob = true;
                }
                (4, step) => step.text()?.clone_into(&mut told.step),
                (6, options) => told.options = Flags::read(options)?,
                (7, kinds) => summary = Some(Flags::read(kinds)?),
                (8, goal) => told.goal = goal.integer()?,
                (9, control) => overwrites = Flags::read(control)?.0 != 0,
                _ => {}
            }
        }
        if told.name.is_empty() {
            return Ok(());
        }
        let known =
            self.0.iter().position(|metric| (&metric.name, metric.is_glob) == (&told.name, told.is_glob));
        let before = known.and_then(|index| self.0.get(index)).filter(|_| !overwrites).cloned();
        let merged = before.unwrap_or_default().with(told, summary);
        match known.and_then(|index| self.0.get_mut(index)) {
            Some(slot) => *slot = merged,
            None => self.0.push(merged),
        }
        Ok(())
    }

    pub(crate) fn to_value(&self) -> Value {
        let mut all = self.0.clone();
        // A step metric that nobody defined has an empty definition.
        for metric in &self.0 {
            let is_known = |known: &Metric| !known.is_glob && known.name == metric.step;
            if !metric.step.is_empty() && !all.iter().any(is_known) {
                all.push(Metric { name: metric.step.clone(), ..Metric::default() });
            }
        }
        let place = |name: &str| all.iter().position(|metric| !metric.is_glob && metric.name == name);
        let encoded = all.iter().map(|metric| metric.to_value(place(&metric.step)));
        Value::List(encoded.collect())
    }
}

impl Metric {
    fn with(mut self, told: Self, summary: Option<Flags>) -> Self {
        let Self { name, is_glob, step, options, goal, .. } = told;
        self.options.0 |= options.0;
        if !is_glob {
            self.options.set(DEFINED);
        } else {
            self.options.clear(DEFINED);
        }
        if let Some(summary) = summary {
            self.summary.clear(NONE);
            self.summary.0 |= summary.0;
        }
        if !step.is_empty() {
            self.step = step;
        }
        if goal != 0 {
            self.goal = goal;
        }
        Self { name, is_glob, ..self }
    }

    fn to_value(&self, step: Option<usize>) -> Value {
        let name = if self.is_glob { "2" } else { "1" };
        let mut members: Vec<(Box<str>, Value)> = vec![(name.into(), Value::text(self.name.as_str()))];
        if let Some(place) = step.and_then(|place| i64::try_from(place + 1).ok()) {
            members.push(("5".into(), Value::Int(place)));
        }
        members.push(("6".into(), self.options.to_value()));
        members.push(("7".into(), self.summary.to_value()));
        if self.goal != 0 {
            members.push(("8".into(), Value::Int(self.goal)));
        }
        Value::Map(members)
    }
}

#[cfg(test)]
mod tests {
    use super::super::record::tests::field;
    use super::*;

    #[test]
    fn definitions_are_merged_and_steps_are_named_by_their_place() {
        let mut metrics = Metrics::default();
        // loss, minimum kept, then also the maximum; val/* over the epoch, in step with it.
        metrics.take(&[field(1, b"loss"), field(6, &[0x18, 1]), field(7, &[0x08, 1])].concat()).unwrap();
        metrics.take(&[field(1, b"loss"), field(7, &[0x10, 1]), vec![0x40, 1]].concat()).unwrap();
        metrics
            .take(&[field(2, b"val/*"), field(4, b"epoch"), field(6, &[0x08, 1, 0x18, 1])].concat())
            .unwrap();
        assert_eq!(
            metrics.to_value().to_json(),
            r#"[{"1":"loss","6":[3],"7":[1,2],"8":1},{"2":"val/*","5":3,"6":[1],"7":[]},{"1":"epoch","6":[],"7":[]}]"#
        );
        metrics.take(&[field(1, b"loss"), field(9, &[0x08, 1])].concat()).unwrap();
        assert!(metrics.to_value().to_json().starts_with(r#"[{"1":"loss","6":[3],"7":[]},"#));
    }
}
