//! A second opinion on segments: whoever is in one by the history alone, asked anew at every instant, is in it by the crate's
//! own count, and moves at exactly the instant at which the answer changes.

mod calendar;
mod language;
mod naive;
mod play;
mod random;
mod smaller;
mod universe;

use journeyman::rule::segment::SegmentDefinition;
use universe::{Allows, Universe};

const EVERYTHING: Allows = Allows { retracts: true, publishes: true, ranks: true };

#[test]
fn segments_of_every_universe_are_read_as_they_are_written() {
    for seed in 0..300 {
        let universe = Universe::draw(seed, EVERYTHING);
        for segment in &universe.segments {
            let json = segment.json(&universe.names());
            let read: SegmentDefinition =
                serde_json::from_value(json.clone()).unwrap_or_else(|error| panic!("{error}: {json}"));
            assert_eq!(serde_json::to_value(read).unwrap(), json);
        }
    }
}
