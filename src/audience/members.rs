//! Who has something: a list of rows while they are few, a bit each once they are many.

use super::bits::Bits;

/// A set of contacts that knows its size.
#[derive(Clone, Debug, Default)]
pub(super) struct Members {
    count: u64,
    form: Form,
}

#[derive(Clone, Debug)]
enum Form {
    /// In order.
    Few(Vec<u32>),
    Many(Bits),
}

impl Default for Form {
    fn default() -> Self {
        Self::Few(Vec::new())
    }
}

/// A list up to this long is moved along faster than a bitmap is filled.
const FEW: usize = 1_024;

impl Members {
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    pub(super) fn put(&mut self, row: u32, inside: bool) {
        let changed = match (&mut self.form, inside) {
            (Form::Few(rows), true) => match rows.binary_search(&row) {
                Ok(_) => false,
                Err(place) => {
                    rows.insert(place, row);
                    true
                }
            },
            (Form::Few(rows), false) => match rows.binary_search(&row) {
                Ok(place) => {
                    rows.remove(place);
                    true
                }
                Err(_) => false,
            },
            (Form::Many(bits), true) => bits.insert(row),
            (Form::Many(bits), false) => bits.remove(row),
        };
        if changed {
            self.count = if inside { self.count + 1 } else { self.count.saturating_sub(1) };
        }
        if let Form::Few(rows) = &self.form
            && rows.len() > FEW
        {
            let mut bits = Bits::default();
            rows.iter().for_each(|row| {
                bits.insert(*row);
            });
            self.form = Form::Many(bits);
        }
    }

    /// Keeps of `out` who is in here.
    pub(super) fn keep(&self, out: &mut Bits) {
        match &self.form {
            Form::Many(bits) => out.and(bits),
            Form::Few(rows) => {
                let mut kept = Bits::none(out.words().len() * 64);
                rows.iter().filter(|row| out.has(**row)).for_each(|row| kept.mark(*row));
                *out = kept;
            }
        }
    }

    pub(super) fn bytes(&self) -> usize {
        match &self.form {
            Form::Few(rows) => rows.capacity() * 4,
            Form::Many(bits) => bits.bytes(),
        }
    }

    pub(super) fn shrink(&mut self) {
        match &mut self.form {
            Form::Few(rows) => rows.shrink_to_fit(),
            Form::Many(bits) => bits.shrink(),
        }
    }
}
