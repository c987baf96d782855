//! Lots: stable hashes that send a contact the same way on every machine and for ever.

use crate::model::{ContactId, JourneyId, Name, NodeId};

/// 64 even bits from names.
fn draw(domain: &str, parts: &[&str]) -> u64 {
    let parts: Vec<&[u8]> = parts.iter().map(|part| part.as_bytes()).collect();
    let id = crate::model::derive(domain, &parts);
    u64::from_le_bytes([id[0], id[1], id[2], id[3], id[4], id[5], id[6], id[7]])
}

/// Whether a contact is among the `percent` of a hundred that are held out of a journey; of all of them where none is named.
pub(super) fn is_held_out(contact: &ContactId, journey: Option<&JourneyId>, percent: u8) -> bool {
    percent > 0 && {
        let lot = draw("holdout", &[contact.as_str(), journey.map_or("", JourneyId::as_str)]);
        // The upper bits, scaled: even to within one in 2^57.
        ((u128::from(lot) * 100) >> 64) < u128::from(percent)
    }
}

/// Which way of a split a contact goes.
///
/// Weighted rendezvous hashing (Schindelhauer and Schomaker, 2005): each way draws an exponential lot, divided by its weight,
/// and the least wins; so other weights move only those who must move, and a way keeps its people whatever stands beside
/// it. A way goes by its name. Only whole numbers are used, so that no machine rounds otherwise.
pub(super) fn way<'w>(
    contact: &ContactId,
    journey: &JourneyId,
    node: &NodeId,
    salt: &str,
    ways: impl Iterator<Item = (&'w Name, u8)>,
) -> Option<usize> {
    let lots = ways.enumerate().filter(|(_, (_, weight))| *weight > 0).map(|(number, (name, weight))| {
        let lot = draw("split", &[contact.as_str(), journey.as_str(), node.as_str(), salt, name]);
        (exponential(lot) / u128::from(weight), number)
    });
    lots.min().map(|(_, number)| number)
}

/// Who of several owns a contact in a role.
///
/// Rendezvous hashing (Thaler and Ravishankar, 1998): the greatest lot wins, so that whoever joins or goes moves only the
/// contacts that it gets or had.
pub(super) fn owner<'n>(
    contact: &ContactId,
    role: &str,
    among: impl Iterator<Item = &'n Name>,
) -> Option<&'n Name> {
    among.max_by_key(|name| (draw("owner", &[contact.as_str(), role, name]), *name))
}

/// `-log2(lot / 2^64)` in units of 2^-96, so that the division by a weight loses nothing that counts.
fn exponential(lot: u64) -> u128 {
    let lot = lot.max(1);
    let whole = lot.leading_zeros();
    // The mantissa in [1, 2), as a 64-bit fraction of 2; its logarithm bit by bit, by squaring.
    let mut mantissa = u128::from(lot << whole);
    let mut fraction: u64 = 0;
    for _ in 0..64 {
        mantissa = (mantissa * mantissa) >> 63;
        fraction <<= 1;
        if mantissa >> 64 != 0 {
            mantissa >>= 1;
            fraction |= 1;
        }
    }
    // -log2(mantissa / 2 / 2^whole) = whole + 1 - log2(mantissa).
    ((u128::from(whole) + 1) << 96) - (u128::from(fraction) << 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shares(weights: &[(&str, u8)], people: u32) -> Vec<usize> {
        let names: Vec<(Name, u8)> = weights.iter().map(|(name, weight)| ((*name).into(), *weight)).collect();
        let contact = |number: u32| ContactId::from(format!("c{number}"));
        let ways = names.iter().map(|(name, weight)| (name, *weight));
        (0..people).filter_map(|n| way(&contact(n), &"j".into(), &"split".into(), "", ways.clone())).collect()
    }

    #[test]
    fn the_shares_are_those_of_the_weights() {
        let drawn = shares(&[("a", 10), ("b", 30), ("c", 60), ("d", 0)], 20_000);
        for (way, share) in [(0, 2_000.0), (1, 6_000.0), (2, 12_000.0), (3, 0.0)] {
            let count = drawn.iter().filter(|drawn| **drawn == way).count() as f64;
            // Four standard deviations of a binomial are below 280 here.
            assert!((count - share).abs() < 280.0, "way {way}: {count} of {share}");
        }
    }

    #[test]
    fn other_weights_move_only_those_who_must_move() {
        let before = shares(&[("a", 50), ("b", 30), ("c", 20)], 20_000);
        let after = shares(&[("a", 60), ("b", 20), ("c", 20)], 20_000);
        let moved: Vec<(usize, usize)> =
            before.iter().zip(&after).filter(|(a, b)| a != b).map(|(a, b)| (*a, *b)).collect();
        // To the way that grew, or away from the one that shrank; nobody else.
        assert!(moved.iter().all(|(from, to)| *to == 0 || *from == 1), "{moved:?}");
        assert!(moved.len() < 3_000 && moved.len() > 1_500, "{}", moved.len());
    }

    #[test]
    fn the_logarithm_is_exact_where_it_is_whole() {
        for power in 0..64 {
            assert_eq!(exponential(1 << power), u128::from(64 - power as u32) << 96);
        }
        let half_way = exponential(1 << 63) - exponential((1_u64 << 63) + (1 << 62));
        assert!((half_way as f64 / 2f64.powi(96) - 1.5f64.log2()).abs() < 1e-15);
    }

    #[test]
    fn owners_share_their_contacts_and_one_who_goes_leaves_only_its_own() {
        let names: Vec<Name> = ["ana", "ben", "zoe"].map(Name::from).to_vec();
        let owners = |among: &[Name]| -> Vec<Name> {
            let owned = |n| owner(&format!("c{n}").into(), "coach", among.iter()).cloned();
            (0..9_000).filter_map(owned).collect()
        };
        let all = owners(&names);
        for name in &names {
            let share = all.iter().filter(|owner| *owner == name).count();
            assert!((2_800..3_200).contains(&share), "{name}: {share}");
        }
        let two = owners(&names[..2]);
        assert!(all.iter().zip(&two).all(|(before, after)| before == after || &**before == "zoe"));
        let coach = owner(&"c1".into(), "coach", names.iter());
        let others = (0..9).any(|n| owner(&"c1".into(), &format!("role{n}"), names.iter()) != coach);
        assert!(others);
    }

    #[test]
    fn held_out_people_are_a_share_and_the_same_for_ever() {
        let held = |percent| {
            (0..10_000).filter(|n| is_held_out(&format!("c{n}").into(), Some(&"j".into()), percent)).count()
        };
        assert_eq!((held(0), held(100)), (0, 10_000));
        assert!((400..600).contains(&held(5)), "{}", held(5));
    }
}
