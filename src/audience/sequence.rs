//! One event and then another, or then not.

use super::bits::Bits;
use super::draft::{Sequence, Source};
use super::evaluation::Evaluation;
use super::log::Span;

impl Evaluation<'_> {
    /// Who and when, in that order.
    fn instants(&self, source: &Source, span: Span, whom: &Bits) -> Vec<(u32, i64)> {
        let mut instants = Vec::new();
        for log in self.logs(source) {
            log.each(span, &source.filter, whom, |row, contact| {
                let at = log.time(row);
                if self.counts(contact, at) {
                    instants.push((contact, at));
                }
            });
        }
        instants
    }

    pub(super) fn keep_sequence(&self, sequence: &Sequence, out: &mut Bits) {
        let Sequence { first, second, comes, within, remember } = sequence;
        let end = self.at.saturating_add(1);
        let begin = end.saturating_sub(*remember);
        // What must not come has had its time.
        let last = if *comes { end } else { end.saturating_sub(*within) };
        let firsts = self.instants(first, (begin, last), out);
        let mut whom = Bits::none(self.rows());
        firsts.iter().for_each(|(contact, _)| whom.mark(*contact));
        let mut seconds = self.instants(second, (begin, end), &whom);
        seconds.sort_unstable();
        let mut kept = Bits::none(self.rows());
        for (contact, at) in firsts {
            let next = seconds.partition_point(|second| *second < (contact, at));
            let came = seconds
                .get(next)
                .is_some_and(|(who, when)| *who == contact && *when < at.saturating_add(*within));
            if came == *comes {
                kept.mark(contact);
            }
        }
        out.and(&kept);
    }
}
