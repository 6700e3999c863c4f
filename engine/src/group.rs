//! Batches that share one sync (W2).
//!
//! ```text
//!  gather: what waits ─► commit: one sync ─► show: readers see it ─► answer: each that waits
//! ```
//!
//! What holds: an answer is sent after the sync (D1) and after readers see what it answers (D5).

use crate::sync::oneshot;

/// A batch on its way to the writer, and where its answer goes.
#[derive(Debug)]
pub(crate) struct Append<B, A> {
    pub(crate) batch: B,
    pub(crate) answer: oneshot::Sender<A>,
}

/// Who commits groups.
pub(crate) trait Writer {
    /// What is committed.
    type Batch;
    /// What is said of each batch.
    type Answer;

    /// Makes batches durable by one sync; gives the answer for each, in order.
    fn commit(&mut self, batches: &mut [Self::Batch]) -> Vec<Self::Answer>;

    /// Shows readers what was committed.
    fn show(&mut self, answers: &[Self::Answer]);
}

/// The first batch and what waits behind it, up to the bounds of a group.
pub(crate) fn gather<T>(
    first: T,
    (count_max, bytes_max): (usize, usize),
    bytes: impl Fn(&T) -> usize,
    mut next: impl FnMut() -> Option<T>,
) -> Vec<T> {
    let mut total = bytes(&first);
    let mut group = vec![first];
    while total < bytes_max && group.len() < count_max {
        let Some(member) = next() else { break };
        total += bytes(&member);
        group.push(member);
    }
    group
}

/// Commits a group.
pub(crate) fn commit<W: Writer>(writer: &mut W, group: Vec<Append<W::Batch, W::Answer>>) {
    let (mut batches, waiting): (Vec<_>, Vec<_>) =
        group.into_iter().map(|append| (append.batch, append.answer)).unzip();
    let answers = writer.commit(&mut batches);
    // Readers see it before the writer hears of it: who was answered finds its events (D5).
    writer.show(&answers);
    for (answer, waiting) in answers.into_iter().zip(waiting) {
        // A caller that went away wants no answer.
        let _gone = waiting.send(answer);
    }
}
