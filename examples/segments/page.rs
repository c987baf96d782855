//! What is printed.

use chrono::{DateTime, Utc};

// Writing to a String cannot fail, so these results are dropped.
macro_rules! line {
    ($page:expr, $($what:tt)*) => { let _ = std::fmt::Write::write_fmt($page, format_args!("{}\n", format_args!($($what)*))); };
}
pub(crate) use line;

pub(crate) fn day(at: DateTime<Utc>) -> String {
    at.format("%a %e %b %H:%M:%S").to_string()
}

/// A number as people read it.
pub(crate) fn millions(number: u64) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> = digits
        .as_bytes()
        .rchunks(3)
        .rev()
        .map(|group| std::str::from_utf8(group).unwrap_or_default())
        .collect();
    groups.join(",")
}
