//! Which territories numbers or postcodes belong to, by how they begin.

use super::places::Places;

/// Prefixes as a tree of digits, so that a number is read once.
#[derive(Debug)]
pub(super) struct Prefixes {
    nodes: Vec<Node>,
}

#[derive(Debug, Default)]
struct Node {
    /// The node of each further digit; 0 where no prefix goes on with it.
    next: [u16; 10],
    /// What a number that goes so far belongs to.
    to: Option<Places>,
}

impl Prefixes {
    pub(super) fn new() -> Self {
        Self { nodes: vec![Node::default()] }
    }

    /// Adds a prefix.
    ///
    /// # Errors
    /// A sentence where it is no number, and where it is there already.
    pub(super) fn insert(&mut self, prefix: &str, to: Places) -> Result<(), String> {
        let mut here = 0;
        for digit in prefix.chars() {
            let digit = digit.to_digit(10).ok_or_else(|| format!("the prefix {prefix} is no number"))?;
            let new = self.nodes.len();
            let next = self.nodes.get_mut(here).and_then(|node| node.next.get_mut(digit as usize));
            let next = next.ok_or_else(|| format!("the prefix {prefix} hangs in the air"))?;
            if *next == 0 {
                *next = u16::try_from(new).map_err(|error| error.to_string())?;
                here = new;
                self.nodes.push(Node::default());
            } else {
                here = usize::from(*next);
            }
        }
        let node = self.nodes.get_mut(here).filter(|node| node.to.is_none());
        node.ok_or_else(|| format!("the prefix {prefix} is written twice"))?.to = Some(to);
        Ok(())
    }

    /// What the longest prefix of these digits says, where there are at least so many of them.
    pub(super) fn longest(&self, digits: impl Iterator<Item = u32>, least: usize) -> Option<Places> {
        let mut digits = digits.fuse();
        let mut node = self.nodes.first()?;
        let (mut found, mut count) = (node.to, 0);
        for digit in digits.by_ref() {
            count += 1;
            let next = node.next.get(digit as usize).copied().unwrap_or(0);
            let Some(further) = self.nodes.get(usize::from(next)).filter(|_| next != 0) else { break };
            node = further;
            found = node.to.or(found);
        }
        // One that is too short is none, however it begins.
        let missing = least.saturating_sub(count);
        found.filter(|_| digits.take(missing).count() == missing)
    }
}
